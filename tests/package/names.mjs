// Lists the exports of a module. If a function or a class has another name, the name follows.

export function namesOf(module) {
  return Object.entries(module).map(([name, value]) => {
    const isFunction = typeof value === "function";
    return isFunction && value.name !== name ? `${name} (${value.name})` : name;
  }).sort();
}
