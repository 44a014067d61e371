import { InvalidArgumentError, ProtocolError } from "../errors.ts";
import { showValue } from "../internal/show.ts";
import { parseTimestamp } from "../job/timestamp.ts";
import { type Progress, trackGet, trackSet } from "../protocol/commands/enterprise.ts";
import type { Send } from "./queues.ts";

/** The state of a tracked job. */
export interface TrackedJob {
  /** The job's id. */
  readonly jid: string;
  /** The job's state; `unknown` also for jobs that ended more than 30 minutes ago. */
  readonly state: "unknown" | "enqueued" | "working" | "success" | "failed" | "dead";
  /** Time of the last change. */
  readonly updatedAt: Date | undefined;
  /** Progress as the job last reported it, 0 to 100. */
  readonly percent: number | undefined;
  /** Description as the job last reported it. */
  readonly text: string | undefined;
}

const STATES: readonly unknown[] = ["unknown", "enqueued", "working", "success", "failed", "dead"];

/**
 * Reads and sets the progress of jobs that were enqueued with `custom: { track: 1 }` (Enterprise):
 * TRACK GET and SET.
 *
 * @example Read the state of a job
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

  /**
   * Reads the state and progress of a job (TRACK GET).
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if the jid is not one word.
   * @throws {EnterpriseOnlyError} if the server is a free one.
   */
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

  /**
   * Sets the progress of a job, and optionally extends its reservation (TRACK SET).
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if a part of the progress is invalid.
   * @throws {EnterpriseOnlyError} if the server is a free one.
   */
  async set(progress: Progress): Promise<void> {
    const { jid, percent, reserveUntil } = progress;
    checkToken(jid, "jid", "set progress");
    if (percent !== undefined && !(Number.isInteger(percent) && percent >= 0 && percent <= 100)) {
      throw refused(
        "set progress",
        `percent is not an integer from 0 to 100: got ${showValue(percent)}`,
      );
    }
    if (reserveUntil !== undefined && Number.isNaN(reserveUntil.getTime())) {
      throw refused("set progress", "reserveUntil is an invalid Date");
    }
    await this.#send(trackSet(progress));
  }
}

/** Checks a text that becomes one word of a command. */
export function checkToken(value: unknown, name: string, action: string): string {
  if (typeof value === "string" && /^\S+$/.test(value)) return value;
  throw refused(action, `its ${name} is not one word: got ${showValue(value)}`);
}

function refused(action: string, reason: string): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_ARGUMENT", `Cannot ${action} as ${reason}`);
}
