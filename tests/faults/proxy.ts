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

/** All faults, by name. */
export type FaultName = ReplyFault | "refuse" | "stall" | "cut all" | "reset all" | "restart";

/**
 * Point from which a server is silent on every connection: connecting (neither accepted nor
 * refused), its greeting or its reply to HELLO, or its reply to the first command with this verb.
 */
export type SilencePoint = "connecting" | "greeting" | "any command" | Uppercase<string>;

/**
 * A transport with faults between a client and a server. It knows the end of each reply and its
 * command, and counts the faults.
 */
export class FaultProxy implements Transport, LinkOwner {
  readonly name = "faulty";
  readonly clock: Clock;
  /** Number of each fault. */
  readonly counts: Partial<Record<FaultName, number>> = {};
  latencyMs = 0;
  /** Maximum number of connections that were open at a time. */
  most = 0;
  /** Called for each complete command that was passed on. */
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

  /** Number of connections that the server has. */
  get count(): number {
    return this.#links.size;
  }

  /** Number of future connections that will stall. */
  get stalls(): number {
    return this.#stalls;
  }

  async connect(...args: Parameters<Transport["connect"]>): Promise<TransportConnection> {
    if (this.#stalls > 0 || this.#silentFrom === "connecting") {
      if (this.#stalls > 0) this.#stalls--;
      this.#count("stall");
      // Ignores the signal, as a transport may do so.
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

  /** Adds a fault for the next reply of this kind. The oldest of more than 100 is dropped. */
  arm(name: ReplyFault, { verb, ms }: Omit<ArmedFault, "name"> = {}): void {
    if (this.#armed.length === MAX_ARMED) this.#armed.shift();
    this.#armed.push({ name, verb: name === "too many" ? "HELLO" : verb, ms });
  }

  /** Makes the next connection neither open nor fail. */
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

  /** Breaks every connection with an error. */
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
   * From this point on the server is silent on all present and future connections, until `heal`.
   */
  silentFrom(point: SilencePoint): void {
    this.#silentFrom = point;
    if (["connecting", "greeting", "HELLO"].includes(point)) this.silenceAll();
  }

  /** Stops the server, and starts it again after `ms` with all its data. */
  restart(ms: number): void {
    this.#count("restart");
    this.refuse(ms);
    for (const link of [...this.#links]) link.cut();
  }

  /** Ends all faults. The server notices which of its connections are gone. */
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
