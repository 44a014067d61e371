import { Fifo } from "../internal/fifo.ts";
import { type CommandContext, execute } from "./commands.ts";
import { FloodMeter } from "./flood_meter.ts";
import { type Challenge, type Greeter, type HelloData, readHello } from "./handshake.ts";
import type { EmitEvent, ServerEvent } from "./events.ts";
import { limitInput } from "./input_limit.ts";
import type { Line } from "./line.ts";
import { LineReader } from "./line_reader.ts";
import type { Peer, PeerHandler } from "./peer.ts";
import { errorReply, type Reply } from "./reply.ts";
import type { FairQueue } from "./fair_queue.ts";
import type { ClientData, Closable } from "./workers.ts";

/** Time limit for a client's HELLO, in ms. */
const HANDSHAKE_MS = 2000;

/** The longest HELLO, and the longest that is parsed at once, in bytes. */
const MAX_HELLO = 64 * 1024;
const MAX_PLAIN_HELLO = 2048;

/** Number of small commands that run between two readings of the clock. */
const COMMANDS_AT_ONCE = 16;

/**
 * Limits for lines that wait behind a blocking command, in lines and in characters. Beyond them,
 * the socket is not read.
 */
const MAX_WAITING = 10_000;
const MAX_WAITING_LENGTH = 64 * 1024;

/** The part of the server that a connection uses. */
export interface ConnectionOwner {
  readonly context: CommandContext;
  readonly greeter: Greeter;
  readonly handshakes: FairQueue;
  readonly isClosing: boolean;
  /** Called when the connection has sent its HELLO, valid or not. */
  helloReceived(connection: Connection): void;
  /** Longest line that a client may send, in bytes. */
  readonly maxLineBytes: number;
  /** Sends client events to the server's listener, if there is one. */
  readonly emit: EmitEvent | undefined;
  /** Counts the connection. Returns the reason if it is refused. */
  admit(connection: Connection): string | undefined;
  /** Called when the connection has closed. */
  closed(connection: Connection): void;
}

/**
 * One client. Its commands run strictly in order, and replies that are ready together are sent
 * together.
 */
export class Connection implements PeerHandler, Closable {
  readonly #peer: Peer;
  readonly #owner: ConnectionOwner;
  readonly #challenge: Challenge | undefined;
  /** Cancels the current step of the handshake: waiting for HELLO, then checking it. */
  #cancelHandshake: () => void;
  readonly #reader: LineReader;
  readonly #lines = new Fifo<Line>();
  /** Characters of the waiting lines. */
  #waitingLength = 0;
  #client: ClientData | undefined;
  #isAdmitted = false;
  /** True while a HELLO is checked, a blocking command runs, or other clients are served. */
  #isBlocked = false;
  /** True while the client does not read its replies. */
  #isFull = false;
  #isPaused = false;
  readonly #flood = new FloodMeter();
  /** True while other clients are served before more is read. */
  #isHeldBack = false;
  /** True after the client has half-closed the connection. */
  #isHalfClosed = false;
  #isEnded = false;

  constructor(peer: Peer, owner: ConnectionOwner) {
    this.#peer = peer;
    this.#owner = owner;
    this.#reader = new LineReader(owner.maxLineBytes);
    const { greeting, challenge } = owner.greeter.greet();
    this.#challenge = challenge;
    this.#cancelHandshake = limitInput(owner.context.clock, HANDSHAKE_MS, () => this.close());
    peer.send(greeting);
  }

  received(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    const { slices } = this.#owner.context;
    const begin = slices.now();
    this.#limitFlood(begin, bytes.length);
    for (const line of this.#reader.read(bytes)) {
      this.#lines.push(line);
      this.#waitingLength += line.length;
    }
    if (this.#client === undefined && this.#reader.pending > MAX_HELLO) return this.end();
    this.#runLines(begin);
    this.#flood.addWork(begin, slices.now());
  }

  /**
   * Runs the complete lines that arrived before, and ends waiting FETCHes. A killed client ends its
   * connection in the same way as one that only half-closes it, and nobody would run a job that
   * arrives for a killed client.
   */
  ended(): void {
    this.#isHalfClosed = true;
    this.#cancelWaits();
    this.#runLines();
  }

  drained(): void {
    this.#isFull = false;
    this.#runLines();
  }

  closed(): void {
    this.#isEnded = true;
    this.#cancelHandshake();
    this.#cancelWaits();
    if (this.#client !== undefined) this.#owner.context.workers.remove(this.#client, this);
    if (this.#isAdmitted) this.#emit("disconnected");
    this.#owner.closed(this);
  }

  /** Closes the connection at once. */
  close(): void {
    this.#isEnded = true;
    this.#cancelWaits();
    this.#peer.destroy();
  }

  /** Closes the connection, after the reply to a blocking command. */
  shutDown(): void {
    if (!this.#isBlocked || this.#client === undefined) this.end();
  }

  /** Closes the connection after all replies are sent. */
  end(): void {
    this.#isEnded = true;
    this.#peer.end();
  }

  /** Runs the waiting lines as far as possible. */
  #runLines(begin: number = this.#owner.context.slices.now()): void {
    let out = "";
    let commands = 0;
    const isLate = this.#owner.context.slices.startSlice(begin);
    while (!this.#isEnded && !this.#isBlocked && !this.#isFull) {
      const line = this.#lines.shift();
      if (line === undefined) break;
      this.#waitingLength -= line.length;
      if (this.#client === undefined) {
        this.#handleFirstLine(line);
        continue;
      }
      if (this.#owner.isClosing) {
        this.#send(out + errorReply("shutdown in progress"));
        return this.end();
      }
      const reply = execute(this.#owner.context, this.#client, line);
      if (reply instanceof Promise) {
        this.#isBlocked = true;
        void reply.then((text) => this.#unblocked(text));
      } else if (reply === undefined) {
        this.#send(out);
        return this.end();
      } else if (typeof reply === "string") {
        out += reply;
      } else {
        this.#send(out, ...reply);
        out = "";
      }
      const isLong = out.length > 64 * 1024;
      if (isLong) {
        this.#send(out);
        out = "";
      }
      if ((isLong || ++commands % COMMANDS_AT_ONCE === 0) && isLate()) {
        if (!this.#isBlocked) this.#yieldToOthers();
      }
    }
    this.#send(out);
    if (this.#isEnded) return;
    const isOver = this.#isHalfClosed || this.#owner.isClosing;
    if (isOver && !this.#isBlocked && !this.#isFull) this.end();
    else this.#throttle();
  }

  /**
   * Pauses a client that sends without a pause and uses too much of the server's time, until other
   * clients have been served.
   */
  #limitFlood(now: number, bytes: number): void {
    const isFlood = this.#flood.add(bytes, now, this.#reader.isLarge);
    if (!isFlood || this.#isHeldBack) return;
    this.#flood.start(now);
    this.#isHeldBack = true;
    void this.#owner.context.slices.afterPoll().then(() => {
      this.#isHeldBack = false;
      if (!this.#isEnded) this.#throttle();
    });
  }

  /** Pauses until other clients have been served. */
  #yieldToOthers(): void {
    this.#isBlocked = true;
    const resume = () => this.#unblocked("");
    this.#owner.context.slices.afterOthers().then(resume, resume);
  }

  #unblocked(reply: Reply): void {
    this.#isBlocked = false;
    if (this.#client !== undefined) this.#client.endWait = undefined;
    if (typeof reply === "string") this.#send(reply);
    else if (reply !== undefined) this.#send(...reply);
    this.#runLines();
  }

  /** Checks the first line. If it is not a HELLO, the connection ends without a reply. */
  #handleFirstLine(line: Line): void {
    this.#cancelHandshake();
    this.#owner.helloReceived(this);
    if (typeof line !== "string") return this.end();
    // Parsing a long HELLO takes time, so it waits for its turn.
    if (line.length <= MAX_PLAIN_HELLO) return this.#read(line);
    this.#queueHandshake(() => {
      this.#isBlocked = false;
      this.#read(line);
      this.#runLines();
      return true;
    });
  }

  #read(line: string): void {
    const hello = readHello(line);
    if (hello === undefined) return this.end();
    const result = this.#owner.greeter.checkPassword(hello, this.#challenge, (isRight) => {
      this.#isBlocked = false;
      this.#finishHandshake(hello, isRight);
      this.#runLines();
    });
    if (typeof result === "boolean") this.#finishHandshake(hello, result);
    else this.#queueHandshake(result);
  }

  #queueHandshake(step: () => boolean): void {
    this.#isBlocked = true;
    this.#cancelHandshake = this.#owner.handshakes.add(this.#peer.address ?? "", step);
  }

  #finishHandshake(hello: HelloData, isRight: boolean): void {
    if (this.#isEnded) return;
    if (!isRight) {
      this.#emit("refused", "password");
      this.#peer.send(errorReply("Invalid password"));
      return this.end();
    }
    this.#client = hello;
    hello.isGone = this.#isHalfClosed;
    if (hello.wid !== "") this.#owner.context.workers.add(hello, this);
    const refused = this.#owner.admit(this);
    this.#send("+OK\r\n");
    if (refused === undefined) {
      this.#isAdmitted = true;
      return this.#emit("connected");
    }
    this.#emit("refused", "connections");
    this.#peer.send(errorReply(refused));
    this.end();
  }

  #emit(type: ServerEvent["type"], reason?: "password" | "connections"): void {
    const { emit, context: { workers } } = this.#owner;
    if (emit === undefined) return;
    const { address } = this.#peer;
    if (reason !== undefined) return emit({ type: "refused", address, reason });
    const { wid = "", hostname = "" } = this.#client ?? {};
    const isHere = type === "connected";
    emit({
      type: isHere ? "connected" : "disconnected",
      ...{ address, hostname, wid: wid === "" ? undefined : wid },
      connections: wid === "" ? Number(isHere) : workers.connectionsOf(wid),
    });
  }

  /** Ends the waiting FETCH without a job. Later FETCHes of this client do not wait. */
  #cancelWaits(): void {
    if (this.#client === undefined) return;
    this.#client.isGone = true;
    this.#client.endWait?.();
  }

  #send(...parts: readonly (string | Uint8Array)[]): void {
    for (const part of parts) if (part !== "" && !this.#peer.send(part)) this.#isFull = true;
  }

  /** Pauses or resumes the socket, so that only a limited amount of data waits. */
  #throttle(): void {
    const waiting = this.#waitingLength + (this.#isBlocked ? this.#reader.pending : 0);
    const mustPause = this.#isFull || this.#isHeldBack || this.#lines.length > MAX_WAITING ||
      waiting > MAX_WAITING_LENGTH;
    if (mustPause === this.#isPaused) return;
    this.#isPaused = mustPause;
    if (mustPause) this.#peer.pause();
    else this.#peer.resume();
  }
}
