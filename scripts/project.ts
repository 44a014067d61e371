/** What the checks need of `deno.json`. */
export interface Project {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** From the name of an entry (`.`, `./server`) to its file. */
  readonly exports: Readonly<Record<string, string>>;
  readonly imports: Readonly<Record<string, string>>;
}

export async function readProject(): Promise<Project> {
  return JSON.parse(await Deno.readTextFile("deno.json"));
}
