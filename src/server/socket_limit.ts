import { builtinModule, mayReadFile } from "../internal/environment.ts";

/**
 * File descriptors to leave for the rest of the process: a quarter of all, but at most this many.
 */
const MAX_RESERVED = 256;

/** The file in which Linux lists the limits of a process. */
const LIMITS = "/proc/self/limits";

interface FileSystem {
  readFileSync(path: string, encoding: "utf8"): string;
}

/** Limits on the number of sockets. */
export interface SocketLimit {
  /** Above this number, an old connection is closed for each new one. */
  readonly soft: number;
  /** Above this number, new connections are refused. Sockets that are closing still count. */
  readonly hard: number;
}

/**
 * Returns how many sockets this process may open without running out of file descriptors. Infinity
 * if the system does not report its limit.
 *
 * Without this limit, running out of them breaks the server silently: Deno accepts no more
 * connections, and Bun retries without a pause.
 */
export function socketLimit(files = builtinModule<FileSystem>("node:fs")): SocketLimit {
  let limits;
  try {
    if (mayReadFile(LIMITS)) limits = files?.readFileSync(LIMITS, "utf8");
  } catch {
    // Another system, or no permission to read the file.
  }
  const descriptors = Number(/^Max open files\s+(\d+)/m.exec(limits ?? "")?.[1] ?? Infinity);
  const reserved = Math.min(descriptors / 4, MAX_RESERVED);
  return { soft: descriptors - reserved * 1.5, hard: descriptors - reserved };
}
