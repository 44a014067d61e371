/**
 * What memory it takes to enqueue a million lines of JSON: `deno task bench:lines [LINES]`, in each runtime, to a server that
 * answers at once. `docs/ndjson.md` has what it said.
 */

import { deno } from "../command.ts";
import { jsrArgs } from "../gate/jsr.ts";

const [lines = "1000000"] = Deno.args;
const client = "scripts/bench/clients/lines.ts";
const runs: readonly (readonly [command: string, ...args: string[]])[] = [
  [deno, "run", "-A", "--no-check", "--v8-flags=--expose-gc", ...await jsrArgs("run"), client],
  ["node_modules/.bin/bun", client],
  ["node", "--expose-gc", "--import", "tsx", client],
];

const server = new Deno.Command(deno, {
  args: ["run", "-A", "--no-check", "scripts/bench/servers/null.ts"],
  ...{ stdin: "piped", stdout: "piped" },
}).spawn();
const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
const url = (await reader.read()).value?.trim() ?? "";
for (const [command, ...args] of runs) {
  console.log(`\n${command.replace(/^.*\//, "")}`);
  await new Deno.Command(command, { args: [...args, url, lines], stdin: "null" }).spawn().status;
}
await server.stdin.close();
await reader.cancel();
await server.status;
