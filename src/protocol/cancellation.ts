import { JobNotFoundError } from "../errors.ts";
import { createJid } from "../job/jid.ts";
import { INTERNAL_PREFIX } from "../job/internal_queues.ts";
import { encodeCore, type EncodedJob } from "../job/encode_core.ts";
import type { Command } from "./commands/command.ts";
import { jidFilters } from "./commands/filters.ts";
import { fail, push } from "./commands/jobs.ts";
import { changeQueues, mutate } from "./commands/server.ts";

// Faktory has no command that reaches the worker of a job. But every worker can read the names of
// the queues (INFO). So a cancelled job is announced by a queue whose name contains its jid and an
// expiry time: a marker.

/** Sends a command and returns its parsed reply. */
type Send = <T>(command: Command<T>) => Promise<T>;

/** The failure of a job that is cancelled while it runs. */
export const CANCELLED = { errtype: "JobCancelled", message: "The job was cancelled" } as const;

const PREFIX = `${INTERNAL_PREFIX}cancel.`;

/** A cancelled job, as encoded in the name of a queue. */
export interface CancelMarker {
  readonly queue: string;
  readonly jid: string;
  /**
   * Time after which any worker may remove the marker, in seconds since 1970 by the server's clock.
   */
  readonly expiresAt: number;
}

/**
 * Creates a marker for a job. Each call creates a different one, because several callers may cancel
 * the same job and each waits for its own confirmation. A jid with characters that are invalid in
 * queue names is written as the hexadecimal bytes of its UTF-8.
 */
export function createMarker(jid: string, expiresAt: number): CancelMarker {
  const text = /^[A-Za-z0-9_-]+$/.test(jid) ? `j${jid}` : `x${hexOf(jid)}`;
  const queue = `${PREFIX}${expiresAt.toString(36)}.${createJid()}.${text}`;
  return { queue, jid, expiresAt };
}

/** Parses the name of a queue; returns `undefined` if it is not a marker. */
export function parseMarker(queue: string): CancelMarker | undefined {
  if (!queue.startsWith(PREFIX)) return undefined;
  const [expires = "", , text = ""] = queue.slice(PREFIX.length).split(".");
  const expiresAt = parseInt(expires, 36);
  if (!Number.isSafeInteger(expiresAt) || text.length < 2) return undefined;
  return { queue, jid: text[0] === "x" ? textOf(text.slice(1)) : text.slice(1), expiresAt };
}

/**
 * Creates the queue of a marker by adding a job to it. A second job is a worker's confirmation that
 * the job's signal is aborted.
 */
export async function addMarker(
  send: Send,
  marker: Pick<CancelMarker, "queue" | "jid">,
): Promise<void> {
  await send(push(markerJob(marker)));
}

/** Returns the job that creates the queue of a marker. */
export function markerJob({ queue, jid }: Pick<CancelMarker, "queue" | "jid">): EncodedJob {
  const job = { jid: createJid(), type: "faktory.cancel", args: [jid], queue, retry: 0 };
  return encodeCore(job);
}

/** Removes markers. */
export async function removeMarkers(send: Send, queues: readonly string[]): Promise<void> {
  await send(changeQueues("REMOVE", queues));
}

/** Removes a job from the sets of scheduled and retried jobs. */
export async function removeWaitingJob(send: Send, jid: string): Promise<void> {
  const sets = ["scheduled", "retries"] as const;
  await discard(send, jid, sets);
}

/**
 * Removes a job that a worker has: fails it, and discards it from the set to which the failure
 * moves it. Returns true if a worker had it. Calling this twice does no harm.
 */
export async function removeRunningJob(send: Send, jid: string): Promise<boolean> {
  const { errtype: type, message } = CANCELLED;
  try {
    await send(fail({ jid, type, message, backtrace: [] }));
  } catch (error) {
    if (error instanceof JobNotFoundError) return false;
    throw error;
  }
  // The job is dead if it had no retries left.
  await discard(send, jid, ["retries", "dead"]);
  return true;
}

async function discard(
  send: Send,
  jid: string,
  sets: readonly ("scheduled" | "retries" | "dead")[],
): Promise<void> {
  const commands = sets.flatMap((set) =>
    jidFilters([jid]).map((filter) => mutate("discard", set, filter))
  );
  await Promise.all(commands.map((command) => send(command)));
}

function hexOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function textOf(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => parseInt(byte, 16)));
}
