import { builtinModule, mayReadFile } from "../internal/environment.ts";

/**
 * File descriptors that are left to the rest of the process: a quarter of them, but not more than
 * this.
 */
const MAX_RESERVED = 256;

/** Where Linux says what a process may have. */
const LIMITS = "/proc/self/limits";

interface Files {
  readFileSync(path: string, encoding: "utf8"): string;
}

/** How many sockets a server may have. */
export interface SocketLimit {
  /** Beyond this, room is made for those that come. */
  readonly soft: number;
  /** Beyond this, none is taken: what was closed is counted until it is gone. */
  readonly hard: number;
}

/**
 * How many sockets this process may have without its file descriptors running out; no limit where
 * the system does not say.
 *
 * At the limit itself nothing works: Deno takes no connection any more, Bun tries to without a
 * pause, and neither tells.
 */
export function socketLimit(files = builtinModule<Files>("node:fs")): SocketLimit {
  let limits;
  try {
    if (mayReadFile(LIMITS)) limits = files?.readFileSync(LIMITS, "utf8");
  } catch {
    // Another system, or no permission to read it.
  }
  const descriptors = Number(/^Max open files\s+(\d+)/m.exec(limits ?? "")?.[1] ?? Infinity);
  const reserved = Math.min(descriptors / 4, MAX_RESERVED);
  return { soft: descriptors - reserved * 1.5, hard: descriptors - reserved };
}
