// Prints, as JSON, the runtime and the names that each entry of the installed package given as argument exports.

import "./version.mjs";
import { namesOf } from "./names.mjs";

const runtime = ["deno", "bun"].find((name) => name in process.versions) ?? "node";
const exported = {};
for (const entry of process.argv.slice(2)) exported[entry] = namesOf(await import(entry));
console.log(JSON.stringify({ runtime, exported }));
