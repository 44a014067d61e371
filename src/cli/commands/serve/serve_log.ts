import { type Clock, systemClock } from "../../../internal/clock.ts";
import type { ClientEvent, JobFailedEvent, ServerEvent } from "../../../server/mod.ts";
import type { CliIo } from "../../io.ts";
import type { Output } from "../../output.ts";
import { formatCount } from "../../text.ts";
import { type Level, type LogLine, TimedLog } from "../../timed_log.ts";

/**
 * Minimum interval between reports of refused clients, in ms. An attacker may try passwords without
 * a pause.
 */
const REFUSED_MS = 10_000;

const REASONS = {
  password: "wrong or missing password",
  connections: "too many connections",
} as const;

const NEXT_STEPS = { retry: "will be retried", dead: "is dead", dropped: "is dropped" } as const;

/** The log of `faktory serve`: workers that connect or disconnect, refused clients, failed jobs. */
export class ServeLog {
  readonly #log: TimedLog | undefined;
  readonly #clock: Clock;
  readonly #workers = new Set<string>();
  #early: ServerEvent[] | undefined = [];
  /**
   * Refused clients that are not yet reported, by reason. An entry exists while the reason was
   * reported recently.
   */
  readonly #refused = new Map<keyof typeof REASONS, { count: number; cancel: () => void }>();

  constructor(output: Output, io: Pick<CliIo, "clock">, level: Level | "none" = "info") {
    this.#log = level === "none" ? undefined : new TimedLog(output, io, level);
    this.#clock = io.clock ?? systemClock;
  }

  /**
   * Starts writing, beginning with earlier events. They are held back because the server's URL must
   * be the first line of output.
   */
  open(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.write(event);
  }

  /** Logs an event of the server. */
  write(event: ServerEvent): void {
    if (this.#early !== undefined) return void this.#early.push(event);
    switch (event.type) {
      case "connected":
      case "disconnected":
        return this.#client(event);
      case "refused":
        return this.#refuse(event.reason, event.address);
      case "failed":
        return this.#failed(event);
    }
  }

  /** Reports what is still held back. */
  close(): void {
    for (const [reason, { cancel }] of this.#refused) {
      cancel();
      this.#reportRefused(reason);
    }
  }

  #client(event: ClientEvent): void {
    const { type, wid, hostname, address = "unknown address", connections } = event;
    const { type: _type, ...fields } = event;
    if (wid === undefined) {
      const text = `Client ${type}: ${address}`;
      return this.#line({ level: "debug", event: type, fields, text });
    }
    const isFirst = type === "connected" && !this.#workers.has(wid);
    const isLast = type === "disconnected" && connections === 0 && this.#workers.delete(wid);
    if (isFirst) this.#workers.add(wid);
    const level = isFirst || isLast ? "info" : "debug";
    const text = `Worker ${wid} on ${hostname} ${type}: ${address}${
      isFirst || isLast ? "" : ` (${formatCount(connections, "connection")})`
    }`;
    this.#line({ level, event: type, fields, text });
  }

  #refuse(reason: keyof typeof REASONS, address = "unknown address"): void {
    const recent = this.#refused.get(reason);
    if (recent !== undefined) {
      recent.count++;
      return;
    }
    const text = `Refused ${address}: ${REASONS[reason]}`;
    this.#line({ level: "warn", event: "refused", fields: { reason, address, count: 1 }, text });
    const cancel = this.#clock.after(REFUSED_MS, () => this.#reportRefused(reason));
    this.#refused.set(reason, { count: 0, cancel });
  }

  /** Reports the number of further refused clients. */
  #reportRefused(reason: keyof typeof REASONS): void {
    const { count: others = 0 } = this.#refused.get(reason) ?? {};
    this.#refused.delete(reason);
    if (others === 0) return;
    const text = `Refused ${formatCount(others, "more client")}: ${REASONS[reason]}`;
    this.#line({ level: "warn", event: "refused", fields: { reason, count: others }, text });
  }

  #failed({ type: _type, ...fields }: JobFailedEvent): void {
    const { jid, jobType, queue, attempt, errorType, message, next } = fields;
    const level = next === "retry" ? "info" : "warn";
    const text = `Job ${jobType} ${jid} of ${queue} failed in attempt ${attempt} and ${
      NEXT_STEPS[next]
    }: ${errorType}: ${message}`;
    this.#line({ level, event: next === "retry" ? "failed" : next, fields, text });
  }

  #line(line: LogLine): void {
    this.#log?.write(line);
  }
}
