// Prints, as JSON, the errors of entries given as arguments that cannot be imported.

import "./version.mjs";

const errors = {};
for (const entry of process.argv.slice(2)) {
  await import(entry).catch((error) => errors[entry] = String(error));
}
console.log(JSON.stringify(errors));
