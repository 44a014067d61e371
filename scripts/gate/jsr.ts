import { offlineArgs } from "../offline.ts";

const PACKAGE = "https://jsr.io/@std/streams/meta.json";
const TIMEOUT_MS = 10_000;

let reachable: Promise<boolean> | undefined;

/** Whether JSR answers, asked once. */
export function hasJsr(): Promise<boolean> {
  return reachable ??= ask();
}

/** The flags with which a subcommand of Deno finds what the sources import of JSR: the real thing, or stand-ins. */
export async function jsrArgs(subcommand: string): Promise<string[]> {
  return await hasJsr() ? [] : await offlineArgs(subcommand);
}

async function ask(): Promise<boolean> {
  try {
    const response = await fetch(PACKAGE, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
