import { installNpm } from "./installed.ts";

/** Kept between runs, as some of it is large; Deno leaves what is here alone, and it is not in the repository. */
const CACHE = "node_modules/.cache/gate";

/**
 * A folder with these packages of npm in its `node_modules`, named by their exact versions. They are installed once; rejects
 * with what npm said where it cannot.
 */
export async function cached(name: string, specifiers: readonly string[]): Promise<string> {
  const folder = `${Deno.cwd()}/${CACHE}/${name}`;
  if (await exists(folder)) return folder;
  await Deno.mkdir(CACHE, { recursive: true });
  // Renamed when it is complete: a run that was ended meanwhile leaves nothing that is taken for it.
  const work = await Deno.makeTempDir({ dir: CACHE });
  try {
    await installNpm(work, specifiers);
    await Deno.rename(work, folder);
    return folder;
  } catch (error) {
    await Deno.remove(work, { recursive: true });
    // Another step was faster.
    if (await exists(folder)) return folder;
    throw error;
  }
}

function exists(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}
