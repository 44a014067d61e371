import { ConnectError } from "../../src/errors.ts";
import type { Clock } from "../../src/internal/clock.ts";
import type { Transport, TransportConnection } from "../../src/transport/transport.ts";
import { type ArmedFault, Link, type LinkOwner, type ReplyFault } from "./link.ts";

/** Faults of one reply or command, by name. */
export const REPLY_FAULTS: readonly ReplyFault[] = [
  ...["cut command", "cut before", "cut within", "cut after", "reset"] as const,
  ...["silence", "drip", "delay", "too many"] as const,
];

const MAX_ARMED = 100;

/** What can happen, by name. */
export type FaultName = ReplyFault | "refuse" | "stall" | "cut all" | "reset all" | "restart";

/**
 * From where on a server says nothing, on every connection: from the begin of a connection (it is
 * neither made nor refused), in place of its greeting or of its reply to HELLO, or from its reply
 * to the first command of this verb on.
 */
export type SilencePoint = "connecting" | "greeting" | "any command" | Uppercase<string>;

/**
 * A transport with faults, between a client and a server that another transport reaches. It knows
 * where replies end and which command each belongs to, and counts each fault that struck.
 */
export class FaultProxy implements Transport, LinkOwner {
  readonly name = "faulty";
  readonly clock: Clock;
  /** How often each fault struck. */
  readonly counts: Partial<Record<FaultName, number>> = {};
  latencyMs = 0;
  /** Most connections that were open at a time. */
  most = 0;
  /** Hears of each command that was passed on whole. */
  onCommand: (verb: string, payload: string) => void = () => {};
  readonly #inner: Transport;
  readonly #links = new Set<Link>();
  #armed: ArmedFault[] = [];
  #refusesUntil = -Infinity;
  #stalls = 0;
  #silentFrom: SilencePoint | undefined;

  constructor(inner: Transport, clock: Clock) {
    this.#inner = inner;
    this.clock = clock;
  }

  /** Connections that the server knows of. */
  get count(): number {
    return this.#links.size;
  }

  /** Connections that are to be neither made nor fail. */
  get stalls(): number {
    return this.#stalls;
  }

  async connect(...args: Parameters<Transport["connect"]>): Promise<TransportConnection> {
    if (this.#stalls > 0 || this.#silentFrom === "connecting") {
      if (this.#stalls > 0) this.#stalls--;
      this.#count("stall");
      // Whatever the signal says: a transport may be deaf to it.
      return await new Promise(() => {});
    }
    if (this.clock.now() < this.#refusesUntil) {
      this.#count("refuse");
      throw new ConnectError("CONNECTION_REFUSED", "the proxy refuses for a while");
    }
    const link = new Link(await this.#inner.connect(...args), this);
    this.#links.add(link);
    this.most = Math.max(this.most, this.count);
    return link.connection;
  }

  /**
   * Has the next reply of this kind meet a fault. Of more than a hundred that wait, the oldest is
   * forgotten.
   */
  arm(name: ReplyFault, { verb, ms }: Omit<ArmedFault, "name"> = {}): void {
    if (this.#armed.length === MAX_ARMED) this.#armed.shift();
    this.#armed.push({ name, verb: name === "too many" ? "HELLO" : verb, ms });
  }

  /** Has the next connection neither be made nor fail. */
  stall(): void {
    this.#stalls++;
  }

  /** Refuses connections for so long. */
  refuse(ms: number): void {
    this.#refusesUntil = this.clock.now() + ms;
  }

  /** Cuts every connection. */
  cutAll(): void {
    this.#count("cut all");
    for (const link of [...this.#links]) link.cut();
  }

  /** Breaks every connection. */
  resetAll(): void {
    this.#count("reset all");
    for (const link of [...this.#links]) link.reset();
  }

  /** Silences every connection. */
  silenceAll(): void {
    this.#count("silence");
    for (const link of this.#links) link.silence();
  }

  /**
   * The server says nothing from this point on, on the connections that there are and on all that
   * are made later, as one that is stopped or cut off without a word; until `heal`.
   */
  silentFrom(point: SilencePoint): void {
    this.#silentFrom = point;
    if (["connecting", "greeting", "HELLO"].includes(point)) this.silenceAll();
  }

  /** The server goes, and is back after so long with all that it had. */
  restart(ms: number): void {
    this.#count("restart");
    this.refuse(ms);
    for (const link of [...this.#links]) link.cut();
  }

  /** No more faults; the server notices which of its connections are none. */
  heal(): void {
    this.#armed = [];
    this.#stalls = 0;
    this.#refusesUntil = -Infinity;
    this.#silentFrom = undefined;
  }

  take(verb: string, isCommand: boolean): ArmedFault | undefined {
    if (!isCommand && this.#isSilentAt(verb)) return { name: "silence" };
    const index = this.#armed.findIndex((fault) =>
      (fault.verb === undefined || fault.verb === verb) &&
      (fault.name === "cut command") === isCommand
    );
    if (index < 0) return undefined;
    const [fault] = this.#armed.splice(index, 1);
    this.#count(fault!.name);
    return fault;
  }

  passed(verb: string, payload: string): void {
    this.onCommand(verb, payload);
  }

  ended(link: Link): void {
    this.#links.delete(link);
  }

  #isSilentAt(verb: string): boolean {
    const point = this.#silentFrom;
    return point === verb || (point === "any command" && verb !== "greeting" && verb !== "HELLO");
  }

  #count(name: FaultName): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}
