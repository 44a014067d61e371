import module from "node:module";

/**
 * Node's `require` as seen from a file. A member of the default export, as webpack looks into
 * `createRequire` by name.
 */
export function requireFrom(file: string | URL): NodeJS.Require {
  return module.createRequire(file);
}
