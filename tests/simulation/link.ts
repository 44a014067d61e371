import { Fifo } from "../../src/internal/fifo.ts";
import { bytesOf } from "../../src/server/go/text.ts";
import type { Peer, PeerHandler } from "../../src/server/peer.ts";
import { SocketStreams } from "../../src/transport/streams.ts";
import type { TransportConnection } from "../../src/transport/transport.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";

/** What a network does to everything that passes. */
export interface LinkWeather {
  /** Milliseconds from end to end, at least 1. */
  readonly minLatencyMs: number;
  readonly maxLatencyMs: number;
  /** Bytes that arrive at once, at most. */
  readonly maxChunk: number;
  /** Bytes that a client may send without waiting. */
  readonly sendBuffer: number;
  /** Bytes that are kept for a client that does not read, before the server is asked to wait. */
  readonly highWater: number;
}

/** Who has a link. */
export interface LinkOwner {
  readonly random: Random;
  readonly weather: LinkWeather;
  /** Nothing arrives before this time. */
  heldUntil(link: Link): number;
  ended(link: Link): void;
}

/** How long a connection that is half there lasts at the server, which asks by TCP. */
const KEEP_ALIVE_MS = 120_000;

/** One direction: what was sent arrives later, in its order. */
class Pipe {
  readonly #link: Link;
  readonly #to: SimulatedProcess;
  readonly #arrived: (bytes: Uint8Array) => void;
  readonly #ended: () => void;
  /** When the last of it arrives. */
  #lastAt = 0;
  /** Bytes on their way. */
  inFlight = 0;
  /** Bytes that still pass before the link is cut. */
  left = Infinity;

  constructor(
    link: Link,
    to: SimulatedProcess,
    { arrived, ended }: { arrived: (bytes: Uint8Array) => void; ended: () => void },
  ) {
    this.#link = link;
    this.#to = to;
    this.#arrived = arrived;
    this.#ended = ended;
  }

  send(bytes: Uint8Array): void {
    const { maxChunk } = this.#link.owner.weather;
    this.inFlight += bytes.length;
    for (let at = 0; at < bytes.length; at += maxChunk) {
      const part = bytes.length <= maxChunk ? bytes : bytes.subarray(at, at + maxChunk);
      this.#later(() => this.#arrive(part));
    }
  }

  /** The other end hears of the end behind all that was sent. */
  end(): void {
    this.#later(() => this.#link.isSilent || this.#ended());
  }

  #arrive(part: Uint8Array): void {
    this.inFlight -= part.length;
    if (this.#link.isSilent || this.#link.isCut) return;
    if (part.length > this.left) {
      if (this.left > 0) this.#arrived(part.subarray(0, this.left));
      return this.#link.cut();
    }
    this.left -= part.length;
    this.#arrived(part);
  }

  #later(callback: () => void): void {
    const { owner } = this.#link;
    const { minLatencyMs, maxLatencyMs } = owner.weather;
    const { timeline } = this.#to;
    const latency = minLatencyMs === maxLatencyMs
      ? minLatencyMs
      : owner.random.between(minLatencyMs, maxLatencyMs);
    const at = timeline.now + latency * this.#link.slowness;
    this.#lastAt = Math.max(at, this.#lastAt, owner.heldUntil(this.#link));
    this.#to.schedule(this.#lastAt - timeline.now, callback);
  }
}

/** A connection between a client and the server, over a network that may do anything to it. */
export class Link implements Peer {
  readonly owner: LinkOwner;
  readonly client: SimulatedProcess;
  readonly server: SimulatedProcess;
  /** Nothing passes any longer, and nobody hears of it. */
  isSilent = false;
  /** Neither end is there any longer. */
  isCut = false;
  readonly #streams: SocketStreams;
  readonly #toServer: Pipe;
  readonly #toClient: Pipe;
  #handler: PeerHandler | undefined;
  /** Sent by the server, and not asked for by the client yet. */
  readonly #ready = new Fifo<Uint8Array>();
  /** Bytes that the client has not taken. */
  #unread = 0;
  #isFull = false;
  #isWanted = false;
  /** Arrived while the server did not read. */
  readonly #unreadByServer: Uint8Array[] = [];
  #isPaused = false;
  #isClosedAtServer = false;
  #slowness = 1;
  #isTroubled = false;
  /** The writes that wait for the send buffer. */
  #written: (() => void) | undefined;

  constructor(owner: LinkOwner, client: SimulatedProcess, server: SimulatedProcess) {
    this.owner = owner;
    this.client = client;
    this.server = server;
    this.#toServer = new Pipe(this, server, {
      arrived: (bytes) => this.#received(bytes),
      ended: () => this.#closedAtServer(),
    });
    this.#toClient = new Pipe(this, client, {
      arrived: (bytes) => {
        this.#ready.push(bytes);
        this.#deliver();
      },
      ended: () => this.#finish(),
    });
    this.#streams = new SocketStreams({
      pull: () => {
        this.#isWanted = true;
        this.#deliver();
      },
      pause: () => {
        this.#isWanted = false;
      },
      write: (chunk) => this.#write(chunk),
      shutdown: () => this.#toServer.end(),
      destroy: () => {
        this.#ready.drain();
        if (!this.isCut) this.#toServer.end();
        this.#streams.released();
      },
    });
  }

  /** So many times the latency. */
  get slowness(): number {
    return this.#slowness;
  }

  /** From now on everything takes so many times as long. */
  slow(slowness: number): void {
    this.#slowness = slowness;
    this.#trouble(slowness > 1);
  }

  /** The client's end. */
  get connection(): TransportConnection {
    return this.#streams.connection;
  }

  /** The server has taken the connection. */
  attach(handler: PeerHandler): void {
    this.#handler = handler;
  }

  /** Both ends hear that it is gone; what is on its way is lost. */
  cut(isReset = false): void {
    if (this.isCut) return;
    this.isCut = true;
    this.client.trouble();
    this.client.schedule(1, () => this.#break(isReset));
    this.server.schedule(1, () => this.#closedAtServer());
  }

  /** The client's process was killed, or its machine. */
  abandon(isPowerLoss: boolean): void {
    if (isPowerLoss) return this.silence();
    // What the kernel had taken still leaves, up to any byte of it.
    this.#toServer.left = this.owner.random.int(this.#toServer.inFlight + 1);
    this.#toServer.end();
  }

  /** The server's process was killed. */
  orphan(): void {
    if (this.isCut) return;
    this.isCut = true;
    this.#isClosedAtServer = true;
    this.client.trouble();
    this.client.schedule(1, () => this.#break(true));
    this.#trouble(false);
    this.owner.ended(this);
  }

  /** Nothing passes from now on, and nobody hears of it before TCP itself asks. */
  silence(): void {
    if (this.isSilent || this.isCut) return;
    this.isSilent = true;
    this.#trouble(true);
    this.server.schedule(KEEP_ALIVE_MS, () => this.#closedAtServer());
  }

  /** It is cut in the middle of what passes next, after so many bytes. */
  cutAfter(direction: "to server" | "to client", bytes: number): void {
    (direction === "to server" ? this.#toServer : this.#toClient).left = bytes;
  }

  send(data: string | Uint8Array): boolean {
    if (this.#isClosedAtServer || this.isCut) return true;
    const bytes = typeof data === "string" ? bytesOf(data) : data.slice();
    this.#unread += bytes.length;
    this.#toClient.send(bytes);
    if (this.#unread > this.owner.weather.highWater) this.#isFull = true;
    return !this.#isFull;
  }

  end(): void {
    this.#toClient.end();
  }

  destroy(): void {
    this.#toClient.end();
    this.server.schedule(1, () => this.#closedAtServer());
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    while (this.#unreadByServer.length > 0 && !this.#isPaused && !this.#isClosedAtServer) {
      this.#handler?.received(this.#unreadByServer.shift()!);
    }
  }

  /** What happens to a client's connections may be why it does something. */
  #trouble(isTroubled: boolean): void {
    this.client.trouble();
    if (isTroubled === this.#isTroubled) return;
    this.#isTroubled = isTroubled;
    this.client.troubledLinks += isTroubled ? 1 : -1;
  }

  async #write(chunk: Uint8Array): Promise<void> {
    if (this.client.isDead) return await new Promise(() => {});
    // A copy: the client fills its buffer anew after this.
    if (!this.isCut) this.#toServer.send(chunk.slice());
    if (this.#toServer.inFlight <= this.owner.weather.sendBuffer) return;
    await new Promise<void>((resolve) => this.#written = resolve);
  }

  #received(bytes: Uint8Array): void {
    if (this.#isClosedAtServer) return;
    if (this.#isPaused || this.#unreadByServer.length > 0) this.#unreadByServer.push(bytes);
    else this.#handler?.received(bytes);
    if (this.#written === undefined) return;
    if (this.#toServer.inFlight > this.owner.weather.sendBuffer) return;
    const written = this.#written;
    this.#written = undefined;
    this.client.schedule(1, written);
  }

  #deliver(): void {
    while (this.#isWanted) {
      const bytes = this.#ready.shift();
      if (bytes === undefined) break;
      this.#unread -= bytes.length;
      this.#streams.push(bytes);
    }
    if (!this.#isFull || this.#unread > 0) return;
    this.#isFull = false;
    this.server.schedule(1, () => this.#isClosedAtServer || this.#handler?.drained());
  }

  #finish(): void {
    for (const bytes of this.#ready.drain()) this.#streams.push(bytes);
    this.#streams.finish();
  }

  #break(isReset: boolean): void {
    if (isReset) this.#streams.fail(new Error("connection reset by peer"));
    else this.#finish();
  }

  #closedAtServer(): void {
    if (this.#isClosedAtServer) return;
    this.#isClosedAtServer = true;
    this.#handler?.ended();
    this.server.schedule(1, () => this.#handler?.closed());
    this.#trouble(false);
    this.owner.ended(this);
  }
}
