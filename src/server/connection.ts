import { Fifo } from "../internal/fifo.ts";
import { type CommandContext, execute } from "./commands.ts";
import { type Challenge, type Greeter, type HelloData, readHello } from "./handshake.ts";
import type { ServerEvent, TellEvent } from "./events.ts";
import type { Line } from "./line.ts";
import { LineReader } from "./line_reader.ts";
import type { Peer, PeerHandler } from "./peer.ts";
import { refusal, type Reply } from "./reply.ts";
import type { Turns } from "./turns.ts";
import type { ClientData, Closable } from "./workers.ts";

/** How long a client may take for its HELLO, in milliseconds. */
const HANDSHAKE_MS = 2000;

/** The longest HELLO, and one that is read at once, in bytes. */
const MAX_HELLO = 64 * 1024;
const MAX_PLAIN_HELLO = 2048;

/**
 * A client that sends without a pause is read so long, in milliseconds of work, and so much of a
 * large line, in bytes, before others are served: Deno would go on with a socket that always has
 * more, and look at no other.
 */
const MAX_FLOOD_MS = 8;
const MAX_FLOOD = 512 * 1024;

/** It is not held back where it has less than one of so many parts of the server's time. */
const MAX_SHARES = 20;

/** A pause, in milliseconds. */
const PAUSE_MS = 20;

/** So many small commands are carried out before the time is looked at. */
const COMMANDS_AT_ONCE = 16;

/**
 * What may wait behind a command that blocks, in lines and in characters, before no more is read.
 */
const MAX_WAITING = 10_000;
const MAX_WAITING_LENGTH = 64 * 1024;

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly context: CommandContext;
  readonly greeter: Greeter;
  readonly turns: Turns;
  readonly isClosing: boolean;
  /** The connection has said its HELLO, be it right or wrong. */
  introduced(connection: Connection): void;
  /** The longest line that a client may send, in bytes. */
  readonly maxLineBytes: number;
  /** Hears of clients, if anybody does. */
  readonly tell: TellEvent | undefined;
  /** Counts the connection in; what is returned refuses it. */
  admit(connection: Connection): string | undefined;
  /** The connection is gone. */
  closed(connection: Connection): void;
}

/**
 * One client: its lines are carried out strictly in their order, and replies that are ready
 * together leave together.
 */
export class Connection implements PeerHandler, Closable {
  readonly #peer: Peer;
  readonly #owner: ConnectionOwner;
  readonly #challenge: Challenge | undefined;
  /**
   * Calls off what the connection waits for before it is a client's: its HELLO, then the verdict on
   * that.
   */
  #cancelHandshake: () => void;
  readonly #reader: LineReader;
  readonly #lines = new Fifo<Line>();
  /** Characters of the lines that wait. */
  #waitingLength = 0;
  #client: ClientData | undefined;
  #isAdmitted = false;
  /** A HELLO is checked, a command that blocks is under way, or others are served. */
  #isBlocked = false;
  /** The client does not read what it is sent. */
  #isFull = false;
  #isPaused = false;
  /**
   * Bytes that came without a pause, the time that was spent on them, and when they began and
   * ended.
   */
  #flood = 0;
  #floodWork = 0;
  #floodStart = 0;
  #floodEnd = 0;
  /** No more is read until others were served. */
  #isResting = false;
  /** The client says no more. */
  #isSilent = false;
  #isEnded = false;

  constructor(peer: Peer, owner: ConnectionOwner) {
    this.#peer = peer;
    this.#owner = owner;
    this.#reader = new LineReader(owner.maxLineBytes);
    const { greeting, challenge } = owner.greeter.greet();
    this.#challenge = challenge;
    this.#cancelHandshake = owner.context.clock.after(HANDSHAKE_MS, () => this.close());
    peer.send(greeting);
  }

  received(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    const { slices } = this.#owner.context;
    const begin = slices.now();
    this.#rest(begin, bytes.length);
    for (const line of this.#reader.read(bytes)) {
      this.#lines.push(line);
      this.#waitingLength += line.length;
    }
    if (this.#client === undefined && this.#reader.pending > MAX_HELLO) return this.end();
    this.#work(begin);
    this.#floodEnd = slices.now();
    this.#floodWork += this.#floodEnd - begin;
  }

  /**
   * What was sent before is carried out, but for a line whose end has not come, and no FETCH waits
   * any more: a client that was killed ends its connection like one that only says no more, and
   * nobody would run the job that comes for it.
   */
  ended(): void {
    this.#isSilent = true;
    this.#leave();
    this.#work();
  }

  drained(): void {
    this.#isFull = false;
    this.#work();
  }

  closed(): void {
    this.#isEnded = true;
    this.#cancelHandshake();
    this.#leave();
    if (this.#client !== undefined) this.#owner.context.workers.remove(this.#client, this);
    if (this.#isAdmitted) this.#tell("disconnected");
    this.#owner.closed(this);
  }

  /** Hangs up at once. */
  close(): void {
    this.#isEnded = true;
    this.#leave();
    this.#peer.destroy();
  }

  /** Hangs up, behind the reply that is due where a command blocks. */
  shutDown(): void {
    if (!this.#isBlocked || this.#client === undefined) this.end();
  }

  /** Hangs up behind what was sent. */
  end(): void {
    this.#isEnded = true;
    this.#peer.end();
  }

  /** Carries out what can be. */
  #work(begin: number = this.#owner.context.slices.now()): void {
    let out = "";
    let commands = 0;
    const isLate = this.#owner.context.slices.slice(begin);
    while (!this.#isEnded && !this.#isBlocked && !this.#isFull) {
      const line = this.#lines.shift();
      if (line === undefined) break;
      this.#waitingLength -= line.length;
      if (this.#client === undefined) {
        this.#greeted(line);
        continue;
      }
      if (this.#owner.isClosing) {
        this.#send(out + refusal("shutdown in progress"));
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
        if (!this.#isBlocked) this.#giveWay();
      }
    }
    this.#send(out);
    if (this.#isEnded) return;
    const isOver = this.#isSilent || this.#owner.isClosing;
    if (isOver && !this.#isBlocked && !this.#isFull) this.end();
    else this.#throttle();
  }

  /**
   * Has others served where the client has sent for long without a pause, and most of the time went
   * to it.
   */
  #rest(now: number, bytes: number): void {
    if (now - this.#floodEnd > PAUSE_MS) {
      this.#floodStart = now;
      this.#floodWork = this.#flood = 0;
    }
    this.#flood += bytes;
    const isFlood = this.#reader.isLarge && this.#flood > MAX_FLOOD ||
      this.#floodWork > MAX_FLOOD_MS && this.#floodWork * MAX_SHARES > now - this.#floodStart;
    if (!isFlood || this.#isResting) return;
    this.#flood = this.#floodWork = 0;
    this.#floodStart = now;
    this.#isResting = true;
    void this.#owner.context.slices.breath().then(() => {
      this.#isResting = false;
      if (!this.#isEnded) this.#throttle();
    });
  }

  /** Goes on once others have been served. */
  #giveWay(): void {
    this.#isBlocked = true;
    const go = () => this.#unblocked("");
    this.#owner.context.slices.turn().then(go, go);
  }

  #unblocked(reply: Reply): void {
    this.#isBlocked = false;
    if (this.#client !== undefined) this.#client.endWait = undefined;
    if (typeof reply === "string") this.#send(reply);
    else if (reply !== undefined) this.#send(...reply);
    this.#work();
  }

  /** Has the first line checked; a line that is no HELLO ends the connection without a word. */
  #greeted(line: Line): void {
    this.#cancelHandshake();
    this.#owner.introduced(this);
    if (typeof line !== "string") return this.end();
    // To read what has many parts takes long: only when it is this client's turn.
    if (line.length <= MAX_PLAIN_HELLO) return this.#read(line);
    this.#takeTurn(() => {
      this.#isBlocked = false;
      this.#read(line);
      this.#work();
      return true;
    });
  }

  #read(line: string): void {
    const hello = readHello(line);
    if (hello === undefined) return this.end();
    const verdict = this.#owner.greeter.judge(hello, this.#challenge, (isRight) => {
      this.#isBlocked = false;
      this.#judged(hello, isRight);
      this.#work();
    });
    if (typeof verdict === "boolean") this.#judged(hello, verdict);
    else this.#takeTurn(verdict);
  }

  #takeTurn(step: () => boolean): void {
    this.#isBlocked = true;
    this.#cancelHandshake = this.#owner.turns.take(this.#peer.address ?? "", step);
  }

  #judged(hello: HelloData, isRight: boolean): void {
    if (this.#isEnded) return;
    if (!isRight) {
      this.#tell("refused", "password");
      this.#peer.send(refusal("Invalid password"));
      return this.end();
    }
    this.#client = hello;
    hello.isGone = this.#isSilent;
    if (hello.wid !== "") this.#owner.context.workers.add(hello, this);
    const refused = this.#owner.admit(this);
    this.#send("+OK\r\n");
    if (refused === undefined) {
      this.#isAdmitted = true;
      return this.#tell("connected");
    }
    this.#tell("refused", "connections");
    this.#peer.send(refusal(refused));
    this.end();
  }

  #tell(type: ServerEvent["type"], reason?: "password" | "connections"): void {
    const { tell, context: { workers } } = this.#owner;
    if (tell === undefined) return;
    const { address } = this.#peer;
    if (reason !== undefined) return tell({ type: "refused", address, reason });
    const { wid = "", hostname = "" } = this.#client ?? {};
    const isHere = type === "connected";
    tell({
      type: isHere ? "connected" : "disconnected",
      ...{ address, hostname, wid: wid === "" ? undefined : wid },
      connections: wid === "" ? Number(isHere) : workers.connectionsOf(wid),
    });
  }

  /** Ends the FETCH that waits, without a job, and has none of those behind it wait. */
  #leave(): void {
    if (this.#client === undefined) return;
    this.#client.isGone = true;
    this.#client.endWait?.();
  }

  #send(...parts: readonly (string | Uint8Array)[]): void {
    for (const part of parts) if (part !== "" && !this.#peer.send(part)) this.#isFull = true;
  }

  /** Reads no more than can be carried out soon. */
  #throttle(): void {
    const waiting = this.#waitingLength + (this.#isBlocked ? this.#reader.pending : 0);
    const mustPause = this.#isFull || this.#isResting || this.#lines.length > MAX_WAITING ||
      waiting > MAX_WAITING_LENGTH;
    if (mustPause === this.#isPaused) return;
    this.#isPaused = mustPause;
    if (mustPause) this.#peer.pause();
    else this.#peer.resume();
  }
}
