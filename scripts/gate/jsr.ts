import { offlineArgs } from "../offline.ts";

const PACKAGE = "https://jsr.io/@std/streams/meta.json";
const TIMEOUT_MS = 10_000;

let reachable: Promise<boolean> | undefined;

/** Reports whether JSR answers. Asks once. */
export function hasJsr(): Promise<boolean> {
  return reachable ??= ask();
}

/**
 * Flags with which a subcommand of Deno finds JSR's packages, or stand-ins if JSR does not answer.
 */
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
