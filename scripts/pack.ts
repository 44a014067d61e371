/** `deno task pack [FOLDER]`: the npm package as a tarball, built without JSR. The folder is `npm/dist` where none is said. */

import { packNpm } from "./npm/pack.ts";

console.log(await packNpm(Deno.args[0] ?? "npm/dist"));
