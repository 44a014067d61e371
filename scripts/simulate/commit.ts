import { output } from "../tools.ts";

/** Returns the commit of the sources, and says if they were changed since. */
export async function commitName(): Promise<string> {
  try {
    const commit = (await output("git", ["rev-parse", "--short=12", "HEAD"])).trim();
    const changes = await output("git", ["status", "--porcelain", "--untracked-files=no"]);
    return changes === "" ? commit : `${commit} with changes`;
  } catch {
    return "unknown";
  }
}
