import { integerIn } from "../connection/options.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { showValue } from "../internal/show.ts";
import {
  addMarker,
  type CancelMarker,
  createMarker,
  removeMarkers,
  removeRunningJob,
  removeWaitingJob,
} from "../protocol/cancellation.ts";
import { info } from "../protocol/commands/server.ts";
import { parseServerInfo, serverTime } from "../protocol/server_info.ts";
import type { Send } from "./queues.ts";

/** Options of `Producer.cancel`. */
export interface CancelOptions {
  /**
   * Longest time to wait for a confirmation from the worker of a running job, in milliseconds, up
   * to 60000.
   *
   * @default 10000
   */
  readonly waitMs?: number | undefined;
  /**
   * Time for which workers drop the job when they fetch it from a queue, in seconds, 60 to 2592000
   * (30 days). The jid must not be used again during this time.
   *
   * @default 86400, one day
   */
  readonly keepSeconds?: number | undefined;
}

const CANCEL_OPTIONS = {
  waitMs: true,
  keepSeconds: true,
} as const satisfies OptionNames<CancelOptions>;

/**
 * The result of `Producer.cancel`:
 *
 * - `aborted`: a worker had the job. It has aborted the handler's `signal`, and the server has
 *   removed the job.
 * - `released`: a worker had the job, and the server has removed it. The worker has not confirmed:
 *   its consumer does not have `cancellation: true`, or the worker has crashed. The handler may run
 *   to its end, but its result is ignored.
 * - `withdrawn`: no worker had the job. A scheduled or retried job is removed. A job on a queue is
 *   dropped by the worker that fetches it. If the job had ended or did not exist, nothing changed.
 */
export type Cancellation = "aborted" | "released" | "withdrawn";

/** Interval of the checks for a confirmation, in milliseconds. */
const CHECK_EVERY_MS = 500;

/**
 * Implements `Producer.cancel`. The marker is placed first: if a later step fails, a worker still
 * drops the job when it fetches it.
 */
export async function cancelJob(
  jid: unknown,
  options: CancelOptions,
  { send, clock }: { readonly send: Send; readonly clock: Clock },
): Promise<Cancellation> {
  checkOptionNames(options, CANCEL_OPTIONS, "cancel");
  if (typeof jid !== "string" || jid === "" || !jid.isWellFormed()) {
    throw new InvalidArgumentError(
      "INVALID_ARGUMENT",
      `Cannot cancel the job as its jid is not a non-empty string: got ${showValue(jid)}`,
    );
  }
  const waitMs = integerIn("waitMs", options.waitMs, { min: 0, max: 60_000, fallback: 10_000 });
  const keepSeconds = integerIn("keepSeconds", options.keepSeconds, {
    min: 60,
    max: 30 * 86_400,
    fallback: 86_400,
  });
  const now = serverTime(await send(info()), clock.now());
  const marker = createMarker(jid, Math.ceil(now / 1000) + keepSeconds);
  await addMarker(send, marker);
  await removeWaitingJob(send, jid);
  if (!await removeRunningJob(send, jid)) return "withdrawn";
  if (!await isConfirmed(marker, { send, clock, waitMs })) return "released";
  // The server has removed the job and its worker has confirmed, so the marker is not needed any
  // more.
  await removeMarkers(send, [marker.queue]);
  return "aborted";
}

/**
 * Returns true if a worker confirms in time: it adds a second job to the marker, or removes the
 * marker.
 */
async function isConfirmed(
  { queue }: CancelMarker,
  { send, clock, waitMs }: { readonly send: Send; readonly clock: Clock; readonly waitMs: number },
): Promise<boolean> {
  for (let waitedMs = 0;; waitedMs += CHECK_EVERY_MS) {
    const { queues } = parseServerInfo(await send(info()));
    if (queues[queue] !== 1) return true;
    if (waitedMs >= waitMs) return false;
    await new Promise<void>((resolve) => clock.after(CHECK_EVERY_MS, resolve));
  }
}
