/**
 * Makes a failed `console.assert` throw. Loaded before the examples of the documentation
 * (`--preload`), where it would only print a line otherwise.
 */

console.assert = (condition?: boolean, ...said: unknown[]): void => {
  if (condition !== true) throw new Error(["Assertion failed", ...said.map(String)].join(": "));
};
