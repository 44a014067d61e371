import { ConnectError } from "../../src/errors.ts";
import type { Peer, PeerHandler } from "../../src/server/peer.ts";
import type { Transport, TransportConnection } from "../../src/transport/transport.ts";
import { Link, type LinkOwner, type LinkWeather } from "./link.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";

/** Size of buffers from which clients are not slowed down, in bytes. */
const WIDE_BYTES = 65_536;

/** A server that accepts connections. */
export interface Listening {
  readonly process: SimulatedProcess;
  accept(peer: Peer): PeerHandler;
}

/** The network of a world, which connects all clients to the server. */
export class Network implements LinkOwner {
  readonly random: Random;
  readonly weather: LinkWeather;
  /** Number of faults by kind. */
  readonly counts: Record<string, number> = {};
  /** The listening server, if there is one. */
  server: Listening | undefined;
  readonly #links = new Set<Link>();
  readonly #heldUntil = new Map<SimulatedProcess, number>();
  #refusesUntil = -Infinity;
  #stalls = 0;
  #slowUntil = -Infinity;

  constructor(random: Random, weather: LinkWeather) {
    this.random = random;
    this.weather = weather;
  }

  /** True if its buffers do not slow down clients. */
  get isWide(): boolean {
    const { maxChunk, sendBuffer, highWater } = this.weather;
    return Math.min(maxChunk, sendBuffer, highWater) >= WIDE_BYTES;
  }

  /** Links that the server knows of. */
  get links(): readonly Link[] {
    return [...this.#links];
  }

  linksOf(client: SimulatedProcess): Link[] {
    return this.links.filter((link) => link.client === client);
  }

  transport(client: SimulatedProcess): Transport {
    return { name: "simulated", connect: (_target, options) => this.#connect(client, options) };
  }

  count(fault: string): void {
    this.counts[fault] = (this.counts[fault] ?? 0) + 1;
  }

  heldUntil({ client }: Link): number {
    return this.#heldUntil.get(client) ?? 0;
  }

  ended(link: Link): void {
    this.#links.delete(link);
  }

  /** Holds all data between a client and the server for `ms` milliseconds, then delivers it. */
  partition(client: SimulatedProcess, ms: number): void {
    client.trouble(client.timeline.now + ms);
    this.#heldUntil.set(client, client.timeline.now + ms);
  }

  /** Refuses new connections for `ms` milliseconds. */
  refuse(nowMs: number, ms: number): void {
    this.#refusesUntil = nowMs + ms;
  }

  /** Leaves the next `count` attempts to connect without an answer. */
  stall(count: number): void {
    this.#stalls = count;
  }

  /** Makes the links slow that are created in the next `ms` milliseconds. */
  slow(nowMs: number, ms: number): void {
    this.#slowUntil = nowMs + ms;
  }

  /** Ends all faults, and cuts the links that may be damaged. */
  heal(): void {
    this.#refusesUntil = this.#slowUntil = -Infinity;
    this.#stalls = 0;
    this.#heldUntil.clear();
    // On a silent link, both sides must notice the silence themselves.
    for (const link of this.links) if (!link.isSilent) link.cut();
  }

  #connect(
    client: SimulatedProcess,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<TransportConnection> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      let isOver = false;
      const forget = () => signal?.removeEventListener("abort", abort);
      const abort = () => {
        isOver = true;
        reject(signal!.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
      const { timeline } = client;
      if (this.#stalls > 0) {
        this.#stalls--;
        client.trouble();
        return this.count("connect stalls");
      }
      const heldMs = Math.max(0, (this.#heldUntil.get(client) ?? 0) - timeline.now);
      client.schedule(heldMs + 2 * this.weather.minLatencyMs, () => {
        if (isOver) return;
        forget();
        const { server } = this;
        if (server === undefined || timeline.now < this.#refusesUntil) {
          client.trouble();
          this.count("connect refused");
          return reject(new ConnectError("CONNECTION_REFUSED", "nobody listens"));
        }
        const link = new Link(this, client, server.process);
        if (timeline.now < this.#slowUntil) link.slow(this.random.between(5, 60));
        this.#links.add(link);
        // The kernel accepts the connection; the server sees it when it runs.
        server.process.schedule(1, () => link.isCut || link.attach(server.accept(link)));
        resolve(link.connection);
      });
    });
  }
}
