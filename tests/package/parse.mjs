// Parses the files of the package that are given as arguments, and prints those that this Node
// cannot parse. Run with `--experimental-vm-modules`.

import "./version.mjs";
import { readFileSync } from "node:fs";
import vm from "node:vm";

for (const path of process.argv.slice(2)) {
  const text = readFileSync(path, "utf8");
  try {
    if (path.includes("/cjs/")) vm.compileFunction(text);
    else new vm.SourceTextModule(text);
  } catch (error) {
    console.log(`${path}: ${error}`);
  }
}
