// Prints, as JSON, the names that each entry of the installed package given as argument exports.

const exported = {};
for (const entry of process.argv.slice(2)) {
  exported[entry] = Object.keys(await import(entry)).sort();
}
console.log(JSON.stringify(exported));
