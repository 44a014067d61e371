/**
 * What memory it takes to enqueue a million lines of JSON, in each runtime, to a server that answers at once, and how long a
 * line of 4 and of 16 MiB in pieces of 256 bytes takes: `deno task bench:lines [LINES]`. `docs/ndjson.md` has what it said.
 */

import { deno } from "../command.ts";
import { jsrArgs } from "../gate/jsr.ts";

const [lines = "1000000"] = Deno.args;
const clients = "scripts/bench/clients";
const runs: readonly (readonly [command: string, ...args: string[]])[] = [
  [deno, "run", "-A", "--no-check", "--v8-flags=--expose-gc", ...await jsrArgs("run")],
  ["node_modules/.bin/bun"],
  ["node", "--expose-gc", "--import", "tsx"],
];

const server = new Deno.Command(deno, {
  args: ["run", "-A", "--no-check", "scripts/bench/servers/null.ts"],
  ...{ stdin: "piped", stdout: "piped" },
}).spawn();
const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
const url = (await reader.read()).value?.trim() ?? "";
for (const [command, ...args] of runs) {
  console.log(`\n${command.replace(/^.*\//, "")}`);
  for (const program of [["lines.ts", url, lines], ["long_line.ts", "4"], ["long_line.ts", "16"]]) {
    const [name, ...rest] = program;
    const all = [...args, `${clients}/${name}`, ...rest];
    await new Deno.Command(command, { args: all, stdin: "null" }).spawn().status;
  }
}
await server.stdin.close();
await reader.cancel();
await server.status;
