import { JobNotFoundError } from "../errors.ts";
import { createJid } from "../job/jid.ts";
import { encodeCore, type EncodedJob } from "../job/encode_core.ts";
import type { Command } from "./commands/command.ts";
import { jidFilters } from "./commands/filters.ts";
import { fail, push } from "./commands/jobs.ts";
import { changeQueues, mutate } from "./commands/server.ts";

/*
 * Faktory has no command that reaches the worker of a job. What every worker can see are the names of the queues (INFO), so a
 * cancelled job is told by a queue whose name holds its jid and when the name may be forgotten: a marker.
 */

/** Sends a command and gives what its reply says. */
type Send = <T>(command: Command<T>) => Promise<T>;

/** The failure of a job that is cancelled while it runs. */
export const CANCELLED = { errtype: "JobCancelled", message: "The job was cancelled" } as const;

const PREFIX = "faktory-cancel.";

/** A cancelled job, as the name of a queue tells it. */
export interface Marker {
  readonly queue: string;
  readonly jid: string;
  /** When any worker may remove it, in seconds since 1970 by the server's clock. */
  readonly expiresAt: number;
}

/** Whether a queue is a marker. No consumer fetches from it, whatever its patterns are. */
export function isMarker(queue: string): boolean {
  return queue.startsWith(PREFIX);
}

/**
 * A marker of a job: another one each time, as several may cancel one job, and each waits for a
 * confirmation. A jid with characters that no queue has is written by the hexadecimal bytes of its
 * UTF-8.
 */
export function markerOf(jid: string, expiresAt: number): Marker {
  const text = /^[A-Za-z0-9_-]+$/.test(jid) ? `j${jid}` : `x${hexOf(jid)}`;
  const queue = `${PREFIX}${expiresAt.toString(36)}.${createJid()}.${text}`;
  return { queue, jid, expiresAt };
}

/** What the name of a queue says; `undefined` if it is no marker. */
export function parseMarker(queue: string): Marker | undefined {
  if (!isMarker(queue)) return undefined;
  const [expires = "", , text = ""] = queue.slice(PREFIX.length).split(".");
  const expiresAt = parseInt(expires, 36);
  if (!Number.isSafeInteger(expiresAt) || text.length < 2) return undefined;
  return { queue, jid: text[0] === "x" ? textOf(text.slice(1)) : text.slice(1), expiresAt };
}

/**
 * Makes the queue of a marker, by one job in it. A second job is a worker's word that the job's
 * signal is aborted.
 */
export async function placeMarker(
  send: Send,
  marker: Pick<Marker, "queue" | "jid">,
): Promise<void> {
  await send(push(markerJob(marker)));
}

/** The job that makes the queue of a marker. */
export function markerJob({ queue, jid }: Pick<Marker, "queue" | "jid">): EncodedJob {
  const job = { jid: createJid(), type: "faktory-cancel", args: [jid], queue, retry: 0 };
  return encodeCore(job);
}

/** Removes markers. */
export async function removeMarkers(send: Send, queues: readonly string[]): Promise<void> {
  await send(changeQueues("REMOVE", queues));
}

/** Has the server forget a job that waits for a time: in the scheduled set, or for its retry. */
export async function forgetWaiting(send: Send, jid: string): Promise<void> {
  const sets = ["scheduled", "retries"] as const;
  await discard(send, jid, sets);
}

/**
 * Has the server forget a job that a worker has, by failing it and discarding what the failure
 * leaves. Gives whether a worker had it. Done twice, it does no harm.
 */
export async function forgetRunning(send: Send, jid: string): Promise<boolean> {
  const { errtype: type, message } = CANCELLED;
  try {
    await send(fail({ jid, type, message, backtrace: [] }));
  } catch (error) {
    if (error instanceof JobNotFoundError) return false;
    throw error;
  }
  // It is among the dead if it had no retry left.
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
