/** `deno run -R scripts/check_release.ts TAG`: fails unless `deno.json` and `CHANGELOG.md` are about that version. */

import { readProject } from "./project.ts";
import { releaseFaults } from "./release/version.ts";

const [tag = ""] = Deno.args;
const { version } = await readProject();
const changelog = await Deno.readTextFile("CHANGELOG.md");
const faults = releaseFaults({ tag, version, changelog });
for (const fault of faults) console.error(`Cannot release ${tag} as ${fault}`);
Deno.exit(faults.length === 0 ? 0 : 1);
