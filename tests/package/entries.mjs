// Prints, as JSON, the runtime and the exports of each entry that is given as an argument.

import "./version.mjs";
import { namesOf } from "./names.mjs";

const runtime = ["deno", "bun"].find((name) => name in process.versions) ?? "node";
const exported = {};
for (const entry of process.argv.slice(2)) exported[entry] = namesOf(await import(entry));
console.log(JSON.stringify({ runtime, exported }));
