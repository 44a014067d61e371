import { InvalidArgumentError, ProtocolError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import { parseTimestamp } from "../job/timestamp.ts";
import { type Progress, trackGet, trackSet } from "../protocol/commands/enterprise.ts";
import type { Send } from "./queues.ts";

/** What the server knows of a tracked job. */
export interface TrackedJob {
  /** The job's id. */
  readonly jid: string;
  /** `unknown` also for jobs that ended more than 30 minutes ago. */
  readonly state: "unknown" | "enqueued" | "working" | "success" | "failed" | "dead";
  /** When the server last heard of it. */
  readonly updatedAt: Date | undefined;
  /** 0 to 100, as last told by the job. */
  readonly percent: number | undefined;
  /** What the job last told of itself. */
  readonly text: string | undefined;
}

const STATES: readonly unknown[] = ["unknown", "enqueued", "working", "success", "failed", "dead"];

/**
 * Jobs that were enqueued with `custom: { track: 1 }` (Enterprise): TRACK GET and SET.
 *
 * @example How far a job is
 * ```ts
 * import { Producer } from "@faktory-ts/faktory";
 * import { FaktoryServer } from "@faktory-ts/faktory/server";
 *
 * await using server = await FaktoryServer.start({ port: 0, edition: "enterprise" });
 * await using producer = await Producer.connect({ url: server.url });
 * const jid = await producer.enqueue("encode", ["film.mkv"], { custom: { track: 1 } });
 * const { state } = await producer.tracking.get(jid);
 * console.assert(state === "enqueued");
 * ```
 */
export class Tracking {
  readonly #send: Send;

  /** @internal */
  constructor(send: Send) {
    this.#send = send;
  }

  /** How far a job is. */
  async get(jid: string): Promise<TrackedJob> {
    const wire = await this.#send(trackGet(checkToken(jid, "jid", "track job")));
    if (!STATES.includes(wire["state"])) {
      throw new ProtocolError(
        "UNEXPECTED_REPLY",
        `Cannot read the server's reply as a tracked job as its state is ${
          showValue(wire["state"])
        }`,
      );
    }
    const { percent, desc } = wire;
    return {
      jid,
      state: wire["state"] as TrackedJob["state"],
      updatedAt: parseTimestamp(wire["updated_at"]),
      percent: typeof percent === "number" ? percent : undefined,
      text: typeof desc === "string" && desc !== "" ? desc : undefined,
    };
  }

  /** Tells how far a job is, and until when it stays reserved. */
  async set(progress: Progress): Promise<void> {
    const { jid, percent, reserveUntil } = progress;
    checkToken(jid, "jid", "tell progress");
    if (percent !== undefined && !(Number.isInteger(percent) && percent >= 0 && percent <= 100)) {
      throw refused(
        "tell progress",
        `percent is not an integer from 0 to 100: got ${showValue(percent)}`,
      );
    }
    if (reserveUntil !== undefined && Number.isNaN(reserveUntil.getTime())) {
      throw refused("tell progress", "reserveUntil is an invalid Date");
    }
    await this.#send(trackSet(progress));
  }
}

/** A text that goes into a command as one word. */
export function checkToken(value: unknown, name: string, action: string): string {
  if (typeof value === "string" && /^\S+$/.test(value)) return value;
  throw refused(action, `its ${name} is not one word: got ${showValue(value)}`);
}

function refused(action: string, reason: string): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_ARGUMENT", `Cannot ${action} as ${reason}`);
}
