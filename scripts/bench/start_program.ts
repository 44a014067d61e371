import { type ChildProcess, spawn } from "node:child_process";

const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  deno: [Deno.execPath(), "run", "-A", "--no-check"],
  bun: ["node_modules/.bin/bun"],
  node: ["node", "--import", "tsx"],
};

/** Starts a program in a runtime, with pipes to and from it. */
export function startProgram(runtime: string, args: readonly string[]): ChildProcess {
  const [command, ...flags] = RUNTIMES[runtime]!;
  return spawn(command!, [...flags, ...args], { stdio: ["pipe", "pipe", "ignore"] });
}

/** The next line that a program prints; rejects where it ends before. */
export function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout!.once("data", (bytes) => resolve(String(bytes).trim()));
    child.once("exit", () => reject(new Error("the program ended")));
  });
}
