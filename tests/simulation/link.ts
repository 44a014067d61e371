import { Fifo } from "../../src/internal/fifo.ts";
import { bytesOf } from "../../src/server/go/text.ts";
import type { Peer, PeerHandler } from "../../src/server/peer.ts";
import { SocketStreams } from "../../src/transport/streams.ts";
import type { TransportConnection } from "../../src/transport/transport.ts";
import type { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";

/** Properties of the network that affect all data. */
export interface LinkWeather {
  /** Latency in one direction, in milliseconds, at least 1. */
  readonly minLatencyMs: number;
  readonly maxLatencyMs: number;
  /** Maximum number of bytes that arrive together. */
  readonly maxChunk: number;
  /** Number of bytes that a client may send without waiting. */
  readonly sendBuffer: number;
  /** Number of unread bytes for a client from which the server must wait. */
  readonly highWater: number;
}

/** The owner of a link: the network. */
export interface LinkOwner {
  readonly random: Random;
  readonly weather: LinkWeather;
  /** Returns the simulated time before which nothing arrives on a link. */
  heldUntil(link: Link): number;
  ended(link: Link): void;
}

/** Factor of the latency up to which replies come before a client replaces the connection. */
const MAX_SLOWNESS = 30;

/** Longest time for which a connection is used after it has become useless, in milliseconds. */
const LOST_MS = 600_000;

/** Time after which TCP keep-alive ends a silent connection at the server, in milliseconds. */
const KEEP_ALIVE_MS = 120_000;

/** One direction of a link: bytes arrive later, in order. */
class Pipe {
  readonly #link: Link;
  readonly #to: SimulatedProcess;
  readonly #arrived: (bytes: Uint8Array) => void;
  readonly #ended: () => void;
  /** Simulated time at which the last event arrives. */
  #lastAt = 0;
  /** Number of bytes in flight. */
  inFlight = 0;
  /** Number of bytes that arrive before the link is cut. */
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

  /** Ends this direction after all bytes in flight. */
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

/** A connection between a client and the server, with faults. */
export class Link implements Peer {
  readonly owner: LinkOwner;
  readonly client: SimulatedProcess;
  readonly server: SimulatedProcess;
  /** True if no data arrives any more and neither end is notified. */
  isSilent = false;
  /** True if the connection is closed at both ends. */
  isCut = false;
  /** True if the client has closed it. */
  #isLeft = false;
  /** Simulated time of the first write after it fell silent. */
  #vainAt = Infinity;
  readonly #streams: SocketStreams;
  readonly #toServer: Pipe;
  readonly #toClient: Pipe;
  #handler: PeerHandler | undefined;
  /** Bytes from the server that the client has not requested yet. */
  readonly #ready = new Fifo<Uint8Array>();
  /** Number of bytes from the server that the client has not read. */
  #unread = 0;
  #isFull = false;
  #isWanted = false;
  /** Bytes that arrived while the server did not read. */
  readonly #unreadByServer: Uint8Array[] = [];
  #isPaused = false;
  #isClosedAtServer = false;
  #slowness = 1;
  #isTroubled = false;
  /** Ends the write that waits for room in the send buffer. */
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
        this.#isLeft = true;
        this.#ready.drain();
        if (!this.isCut) this.#toServer.end();
        this.#streams.socketClosed();
      },
    });
  }

  /** Factor of the latency. */
  get slowness(): number {
    return this.#slowness;
  }

  /** Multiplies the latency by `slowness` from now on. */
  slow(slowness: number): void {
    this.#slowness = slowness;
    // Its replies come too late.
    if (slowness > MAX_SLOWNESS) this.#lose();
    this.#trouble(slowness > 1);
  }

  /** The client's end of the connection. */
  get connection(): TransportConnection {
    return this.#streams.connection;
  }

  /** Called when the server has accepted the connection. */
  attach(handler: PeerHandler): void {
    this.#handler = handler;
  }

  /** Closes the connection at both ends. Bytes in flight are lost. */
  cut(isReset = false): void {
    if (this.isCut) return;
    this.isCut = true;
    this.client.trouble();
    this.client.schedule(1, () => this.#break(isReset));
    this.server.schedule(1, () => this.#closedAtServer());
  }

  /** Called when the client's process was killed, or its machine lost power. */
  abandon(isPowerLoss: boolean): void {
    if (isPowerLoss) return this.silence();
    // The kernel still sends a random part of the bytes that the process has written.
    this.#toServer.left = this.owner.random.int(this.#toServer.inFlight + 1);
    this.#toServer.end();
  }

  /** Called when the server's process was killed. */
  orphan(): void {
    if (this.isCut) return;
    this.isCut = true;
    this.#isClosedAtServer = true;
    this.client.trouble();
    this.client.schedule(1, () => this.#break(true));
    this.#trouble(false);
    this.owner.ended(this);
  }

  /** Drops all data from now on. The server notices it by TCP keep-alive, the client does not. */
  silence(): void {
    if (this.isSilent || this.isCut) return;
    this.isSilent = true;
    this.#lose();
    this.#trouble(true);
    this.server.schedule(KEEP_ALIVE_MS, () => this.#closedAtServer());
  }

  /** Returns true if the client has it and sent something before `atMs`, after it fell silent. */
  isWrittenInVain(atMs: number): boolean {
    return this.#vainAt < atMs && !this.#isLeft && !this.isCut;
  }

  /** Cuts the connection after `bytes` more bytes in this direction. */
  cutAfter(direction: "to server" | "to client", bytes: number): void {
    (direction === "to server" ? this.#toServer : this.#toClient).left = bytes;
  }

  send(data: string | Uint8Array): boolean {
    if (this.#isClosedAtServer || this.isCut) return true;
    if (!this.server.survivesWrite()) return true;
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

  /** Records that the client may replace the connection. */
  #lose(): void {
    this.client.trouble();
    this.client.lostAt = this.client.timeline.now + LOST_MS;
  }

  /** Records a fault of the client, which excuses some of its later behaviour. */
  #trouble(isTroubled: boolean): void {
    this.client.slowed();
    if (isTroubled === this.#isTroubled) return;
    this.#isTroubled = isTroubled;
    this.client.troubledLinks += isTroubled ? 1 : -1;
  }

  async #write(chunk: Uint8Array): Promise<void> {
    if (this.client.isDead) return await new Promise(() => {});
    this.client.tap?.(chunk);
    if (this.isSilent) this.#vainAt = Math.min(this.#vainAt, this.client.timeline.now);
    // Copied, because the client reuses its buffer.
    if (!this.isCut) this.#toServer.send(chunk.slice());
    if (!this.client.survivesWrite()) return await new Promise(() => {});
    if (this.#toServer.inFlight <= this.owner.weather.sendBuffer) return;
    this.client.stuckAt = Infinity;
    await new Promise<void>((resolve) => this.#written = resolve);
    this.client.stuckAt = this.client.timeline.now;
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
