// The names that a module exports, each with what a function or a class calls itself where that is another name.

export function namesOf(module) {
  return Object.entries(module).map(([name, value]) => {
    const isFunction = typeof value === "function";
    return isFunction && value.name !== name ? `${name} (${value.name})` : name;
  }).sort();
}
