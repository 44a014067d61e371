/**
 * Loaded before the examples of the documentation (`--preload`): there a failed `console.assert` is
 * to fail the example, which otherwise prints a line and passes.
 */

console.assert = (condition?: boolean, ...said: unknown[]): void => {
  if (condition !== true) throw new Error(["Assertion failed", ...said.map(String)].join(": "));
};
