import { Fifo } from "../internal/fifo.ts";
import { type CommandContext, execute, refusal, type ReplyText } from "./commands.ts";
import { type Greeter, readHello } from "./handshake.ts";
import type { Peer, PeerHandler } from "./peer.ts";
import type { ClientData, Closable } from "./workers.ts";

/** How long a client may take for its HELLO, in milliseconds. */
const HANDSHAKE_MS = 2000;

/** Lines that may wait behind one that blocks, before no more are read. */
const MAX_WAITING = 10_000;

const LF = 10;

/** What a connection needs of its server. */
export interface ConnectionOwner {
  readonly context: CommandContext;
  readonly greeter: Greeter;
  readonly isClosing: boolean;
  /** Counts the connection in; what is returned refuses it. */
  admit(connection: Connection): string | undefined;
  countCommand(): void;
  /** The connection is gone. */
  closed(connection: Connection): void;
}

/** One client: its lines are carried out strictly in their order, and replies that are ready together leave together. */
export class Connection implements PeerHandler, Closable {
  readonly #peer: Peer;
  readonly #owner: ConnectionOwner;
  readonly #decoder = new TextDecoder();
  readonly #salt: string | undefined;
  readonly #cancelHandshake: () => void;
  /** The beginnings of a line whose end has not come. */
  #parts: Uint8Array[] = [];
  readonly #lines = new Fifo<string>();
  #client: ClientData | undefined;
  /** A command that blocks is under way. */
  #isBlocked = false;
  /** The client does not read what it is sent. */
  #isFull = false;
  #isPaused = false;
  #isEnded = false;

  constructor(peer: Peer, owner: ConnectionOwner) {
    this.#peer = peer;
    this.#owner = owner;
    const { greeting, salt } = owner.greeter.greet();
    this.#salt = salt;
    this.#cancelHandshake = owner.context.clock.after(HANDSHAKE_MS, () => this.close());
    peer.send(greeting);
  }

  received(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    let start = 0;
    for (let end; (end = bytes.indexOf(LF, start)) >= 0; start = end + 1) {
      this.#lines.push(this.#line(bytes.subarray(start, end)));
    }
    if (start < bytes.length) this.#parts.push(bytes.slice(start));
    this.#work();
  }

  drained(): void {
    this.#isFull = false;
    this.#work();
  }

  closed(): void {
    this.#isEnded = true;
    this.#cancelHandshake();
    if (this.#client !== undefined) this.#owner.context.workers.remove(this.#client, this);
    this.#owner.closed(this);
  }

  /** Hangs up at once. */
  close(): void {
    this.#isEnded = true;
    this.#peer.destroy();
  }

  /** Hangs up, behind the reply that is due where a command blocks. */
  shutDown(): void {
    if (!this.#isBlocked) this.end();
  }

  /** Hangs up behind what was sent. */
  end(): void {
    this.#isEnded = true;
    this.#peer.end();
  }

  #line(end: Uint8Array): string {
    let text;
    if (this.#parts.length === 0) {
      text = this.#decoder.decode(end);
    } else {
      for (const part of this.#parts) {
        text = (text ?? "") + this.#decoder.decode(part, { stream: true });
      }
      text += this.#decoder.decode(end);
      this.#parts = [];
    }
    return text!.endsWith("\r") ? text!.slice(0, -1) : text!;
  }

  /** Carries out what can be. */
  #work(): void {
    let out = "";
    while (!this.#isEnded && !this.#isBlocked && !this.#isFull) {
      const line = this.#lines.shift();
      if (line === undefined) break;
      if (this.#client === undefined) {
        out += this.#greeted(line);
        continue;
      }
      if (this.#owner.isClosing) {
        this.#send(out + refusal("shutdown in progress"));
        return this.end();
      }
      this.#owner.countCommand();
      const reply = execute(this.#owner.context, this.#client, line);
      if (reply instanceof Promise) {
        this.#isBlocked = true;
        void reply.then((text) => this.#unblocked(text));
      } else if (reply === undefined) {
        this.#send(out);
        return this.end();
      } else {
        out += reply;
        if (out.length > 64 * 1024) {
          this.#send(out);
          out = "";
        }
      }
    }
    this.#send(out);
    this.#throttle();
  }

  #unblocked(reply: ReplyText): void {
    this.#isBlocked = false;
    if (reply !== undefined) this.#send(reply);
    if (this.#owner.isClosing) this.end();
    else this.#work();
  }

  #greeted(line: string): string {
    const { context, greeter } = this.#owner;
    const client = readHello(line);
    if (client === undefined) {
      this.close();
      return "";
    }
    if (!greeter.accepts(client.pwdhash, client.version, this.#salt)) {
      this.#peer.send(refusal("Invalid password"));
      this.end();
      return "";
    }
    this.#cancelHandshake();
    this.#client = client;
    if (client.wid !== "") context.workers.add(client, this);
    const refused = this.#owner.admit(this);
    if (refused === undefined) return "+OK\r\n";
    this.#peer.send(`+OK\r\n${refusal(refused)}`);
    this.end();
    return "";
  }

  #send(text: string): void {
    if (text !== "" && !this.#peer.send(text)) this.#isFull = true;
  }

  /** Reads no more than can be carried out soon. */
  #throttle(): void {
    const mustPause = this.#isFull || this.#lines.length > MAX_WAITING;
    if (mustPause === this.#isPaused || this.#isEnded) return;
    this.#isPaused = mustPause;
    if (mustPause) this.#peer.pause();
    else this.#peer.resume();
  }
}
