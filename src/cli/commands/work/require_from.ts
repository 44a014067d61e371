import module from "node:module";

/**
 * Returns Node's `require` as seen from a file. Uses a member of the default export, since webpack
 * detects `createRequire` by name.
 */
export function requireFrom(file: string | URL): NodeJS.Require {
  return module.createRequire(file);
}
