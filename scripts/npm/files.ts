/**
 * The paths of the files in a folder, and in those in it, whose names end in `suffix`; not of
 * installed packages.
 */
export async function* filesIn(folder: string, suffix: string): AsyncIterable<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && name !== "node_modules") yield* filesIn(path, suffix);
    else if (name.endsWith(suffix)) yield path;
  }
}
