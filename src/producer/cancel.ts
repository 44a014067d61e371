import { integerIn } from "../connection/options.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";
import { showValue } from "../internal/show.ts";
import {
  forgetRunning,
  forgetWaiting,
  type Marker,
  markerOf,
  placeMarker,
  removeMarkers,
} from "../protocol/cancellation.ts";
import { info } from "../protocol/commands/server.ts";
import { parseServerInfo, serverTime } from "../protocol/server_info.ts";
import type { Send } from "./queues.ts";

/** Options of `Producer.cancel`. */
export interface CancelOptions {
  /**
   * Longest time to wait for the worker of a running job to confirm, in milliseconds, up to 60000.
   * @default 10000
   */
  readonly waitMs?: number | undefined;
  /**
   * For how long workers drop the job when they fetch it from a queue, in seconds, 60 to 2592000
   * (30 days). Until then its jid must not be used again.
   *
   * @default 86400, a day
   */
  readonly keepSeconds?: number | undefined;
}

const CANCEL_OPTIONS = {
  waitMs: true,
  keepSeconds: true,
} as const satisfies OptionNames<CancelOptions>;

/**
 * What `Producer.cancel` did:
 *
 * - `aborted`: a worker had the job. It has aborted the handler's `signal`, and the server has
 *   forgotten the job.
 * - `released`: a worker had the job, and the server has forgotten it. The worker has not
 *   confirmed: it has no option `cancellation`, or it is gone. Its handler may run to its end; the
 *   result is ignored.
 * - `withdrawn`: no worker had the job. If it was scheduled or waited for a retry, it is gone. If
 *   it waits on a queue, the worker that fetches it drops it. If it had ended, or never was,
 *   nothing happened.
 */
export type Cancellation = "aborted" | "released" | "withdrawn";

/** How often the server is asked whether the worker has confirmed, in milliseconds. */
const ASK_EVERY_MS = 500;

/**
 * See `Producer.cancel`. The marker comes first: whatever is left undone after it, workers do when
 * they meet the job.
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
      `Cannot cancel the job as its jid is not a text: got ${showValue(jid)}`,
    );
  }
  const waitMs = integerIn("waitMs", options.waitMs, { min: 0, max: 60_000, fallback: 10_000 });
  const keepSeconds = integerIn("keepSeconds", options.keepSeconds, {
    min: 60,
    max: 30 * 86_400,
    fallback: 86_400,
  });
  const now = serverTime(await send(info()), clock.now());
  const marker = markerOf(jid, Math.ceil(now / 1000) + keepSeconds);
  await placeMarker(send, marker);
  await forgetWaiting(send, jid);
  if (!await forgetRunning(send, jid)) return "withdrawn";
  if (!await isConfirmed(marker, { send, clock, waitMs })) return "released";
  // All is done: the server has forgotten the job, and its worker knows.
  await removeMarkers(send, [marker.queue]);
  return "aborted";
}

/** Whether a worker confirms in time: by a second job in the marker, or by its removal. */
async function isConfirmed(
  { queue }: Marker,
  { send, clock, waitMs }: { readonly send: Send; readonly clock: Clock; readonly waitMs: number },
): Promise<boolean> {
  for (let waitedMs = 0;; waitedMs += ASK_EVERY_MS) {
    const { queues } = parseServerInfo(await send(info()));
    if (queues[queue] !== 1) return true;
    if (waitedMs >= waitMs) return false;
    await new Promise<void>((resolve) => clock.after(ASK_EVERY_MS, resolve));
  }
}
