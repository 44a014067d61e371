/**
 * How long a well-behaved client of the embedded server waits while another one does its worst:
 * `deno run -A scripts/bench/attacks.ts [deno|bun|node ...]`, each attack on a server of its own,
 * whose lines may have 128 MiB. Prints the longest wait of the well-behaved client, how long the
 * attack was worked on, and the server's memory at most.
 */

import process from "node:process";
import { ConnectionGone, LineClient } from "../line_client.ts";
import { attacks } from "./attack_lines.ts";
import { firstLine, startProgram } from "./start_program.ts";

const MAX_LINE = String(128 * 1024 * 1024);

const RUNTIMES = ["deno", "bun", "node"];

async function peakMebibytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

async function measure(runtime: string, attack: (typeof attacks)[number]): Promise<string[]> {
  const server = startProgram(runtime, ["scripts/crash/server.ts", "-", MAX_LINE]);
  const port = Number(await firstLine(server));
  try {
    for (const text of attack.before ?? []) {
      const client = await LineClient.hello(port);
      await client.ask(text, text.split("\n").length - 1);
      client.close();
    }
    const probe = startProgram("deno", ["scripts/bench/probe.ts", String(port)]);
    await firstLine(probe);
    const attacker = await LineClient.hello(port);
    const lines = attack.lines();
    const begin = performance.now();
    let reply;
    try {
      for (const bytes of lines) attacker.send(bytes);
      reply = (await attacker.ask("\r\n", 1))[0]!.slice(0, 40);
    } catch (error) {
      if (!(error instanceof ConnectionGone)) throw error;
      reply = "(the connection ended)";
    }
    const took = performance.now() - begin;
    attacker.close();
    // What it does behind its reply counts as well.
    await new Promise((resolve) => setTimeout(resolve, 500));
    probe.stdin!.end();
    const longest = await firstLine(probe);
    return [
      `${longest} ms`,
      `${Math.round(took)} ms`,
      `${await peakMebibytes(server.pid!)} MiB`,
      reply,
    ];
  } catch {
    return ["the server died", "", "", ""];
  } finally {
    server.kill("SIGKILL");
  }
}

const wanted = process.argv.slice(2);
console.log(["runtime", "attack", "longest wait", "worked on for", "memory", "reply"].join("\t"));
for (const runtime of wanted.length === 0 ? RUNTIMES : wanted) {
  for (const attack of attacks) {
    console.log([runtime, attack.name, ...await measure(runtime, attack)].join("\t"));
  }
}
process.exit(0);
