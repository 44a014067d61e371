const ROW = /^\|\s*`([^`]+)`\s*\|([^|]*)\|([^|]*)\|$/gm;

/** What differs between `deno.json`'s imports and the table of dependencies in `CONTRIBUTING.md`. */
export function dependencyFaults(imports: readonly string[], contributing: string): string[] {
  const rows = [...contributing.matchAll(ROW)];
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

/** What needs packages when it runs. */
export interface Needs {
  /** What it is. */
  readonly what: string;
  readonly packages: readonly string[];
  /** Which rows of the table are of such packages, by their second column. */
  readonly where: readonly string[];
}

/** What differs between the packages that something needs when it runs and those that `CONTRIBUTING.md` says are needed then. */
export function runtimeFaults({ what, packages, where }: Needs, contributing: string): string[] {
  const told = [...contributing.matchAll(ROW)]
    .filter(([, , cell = ""]) => where.includes(cell.trim())).map(([, name = ""]) => name);
  return [
    ...packages.filter((name) => !told.includes(name))
      .map((name) => `${what} needs ${name}, which CONTRIBUTING.md does not say`),
    ...told.filter((name) => !packages.includes(name))
      .map((name) => `CONTRIBUTING.md says that ${name} is needed, and ${what} does not need it`),
  ];
}
