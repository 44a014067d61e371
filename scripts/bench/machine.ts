import { cpus, totalmem } from "node:os";
import { deno, output } from "../command.ts";

/** Where figures come from, without which they mean little. */
export interface Machine {
  readonly date: string;
  /** Abbreviated; with a `+` where files were changed since. */
  readonly commit: string;
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Looks around. */
export async function lookAround(): Promise<Machine> {
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: await commit(),
    system: `${Deno.build.os} ${release()} ${Deno.build.arch}`,
    cpu: first?.model ?? "unknown",
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 1e6),
    versions: {
      deno: (await said(deno, "--version")).split(" ")[1] ?? "",
      bun: await said("node_modules/.bin/bun", "--version"),
      node: await said("node", "--version"),
      rustc: (await said("rustc", "--version")).split(" ")[1] ?? "",
    },
  };
}

/** The kernel's release, without what a distributor added to it. */
function release(): string {
  return Deno.osRelease().split(".").slice(0, 2).join(".");
}

async function commit(): Promise<string> {
  const [hash, changes] = [
    await said("git", "rev-parse", "--short", "HEAD"),
    await said("git", "status", "--porcelain"),
  ];
  return `${hash}${changes === "" ? "" : "+"}`;
}

/** The first line of what a program prints; empty where there is no such program. */
async function said(program: string, ...args: string[]): Promise<string> {
  try {
    return (await output(program, args)).split("\n")[0] ?? "";
  } catch {
    return "";
  }
}
