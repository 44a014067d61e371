// Prints, as JSON, the runtime and the names that each entry of the installed package given as argument exports, each with
// what a function or a class calls itself where that is another name.

import "./version.mjs";

const runtime = ["deno", "bun"].find((name) => name in process.versions) ?? "node";
const exported = {};
for (const entry of process.argv.slice(2)) {
  exported[entry] = Object.entries(await import(entry)).map(([name, value]) => {
    const isFunction = typeof value === "function";
    return isFunction && value.name !== name ? `${name} (${value.name})` : name;
  }).sort();
}
console.log(JSON.stringify({ runtime, exported }));
