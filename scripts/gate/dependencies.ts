/** What differs between `deno.json`'s imports and the table of dependencies in `CONTRIBUTING.md`. */
export function dependencyFaults(imports: readonly string[], contributing: string): string[] {
  const rows = [...contributing.matchAll(/^\|\s*`([^`]+)`\s*\|([^|]*)\|([^|]*)\|$/gm)];
  const named = rows.map(([, name]) => name);
  return [
    ...imports.filter((name) => !named.includes(name))
      .map((name) => `${name} is in deno.json, but CONTRIBUTING.md does not say why`),
    ...rows.flatMap(([, name = "", where = "", why = ""]) => {
      if (!imports.includes(name)) return [`${name} is in CONTRIBUTING.md, but not in deno.json`];
      return where.trim() === "" || why.trim() === "" ? [`${name} has no reason to be here`] : [];
    }),
  ];
}
