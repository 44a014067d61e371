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
  /** What the document with the table is called. @default "CONTRIBUTING.md" */
  readonly document?: string;
}

/** What differs between the packages that something needs when it runs and those that a document says are needed then. */
export function runtimeFaults(needs: Needs, text: string): string[] {
  const { what, packages, where, document = "CONTRIBUTING.md" } = needs;
  const told = [...text.matchAll(ROW)]
    .filter(([, , cell = ""]) => where.includes(cell.trim())).map(([, name = ""]) => name);
  return [
    ...packages.filter((name) => !told.includes(name))
      .map((name) => `${what} needs ${name}, which ${document} does not say`),
    ...told.filter((name) => !packages.includes(name))
      .map((name) => `${document} says that ${name} is needed, and ${what} does not need it`),
  ];
}

/** What the npm package asks for. */
export interface Asked {
  readonly dependencies: readonly string[];
  readonly peers: readonly string[];
}

/** Where the documents name it: in their tables, by the second column. */
const DOCUMENTED = {
  // What is from JSR lies in the npm package.
  "CONTRIBUTING.md": { dependencies: ["runtime", "command"], peers: ["peer"] },
  "SECURITY.md": { dependencies: ["dependency"], peers: ["optional peer"] },
};

/** What differs between the packages that the npm package asks for and those that the documents name. */
export async function documentedFaults(asked: Asked): Promise<string[]> {
  const faults: string[] = [];
  for (const [document, wheres] of Object.entries(DOCUMENTED)) {
    const text = await Deno.readTextFile(document);
    for (const kind of ["dependencies", "peers"] as const) {
      const needs = { packages: asked[kind], where: wheres[kind], document };
      faults.push(...runtimeFaults({ what: "the installed package", ...needs }, text));
    }
  }
  return faults;
}
