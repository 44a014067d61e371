/**
 * `deno run -R scripts/check_release.ts TAG`: fails unless the tag, `deno.json` and `CHANGELOG.md` are about one version. Prints
 * `dist-tag=latest` or `dist-tag=next` for the workflow.
 */

import { readProject } from "./project.ts";
import { distTag, releaseFaults } from "./release/version.ts";

const [tag = ""] = Deno.args;
const { version } = await readProject();
const changelog = await Deno.readTextFile("CHANGELOG.md");
const faults = releaseFaults({ tag, version, changelog });
for (const fault of faults) console.error(`Cannot release ${tag} as ${fault}`);
if (faults.length > 0) Deno.exit(1);
console.log(`dist-tag=${distTag(version)}`);
