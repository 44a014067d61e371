import { connect, type Socket } from "node:net";
import process from "node:process";
import { passwordHash } from "../../../src/protocol/handshake.ts";
import { die } from "./measure.ts";

const [LF, DOLLAR, MINUS] = [0x0a, 0x24, 0x2d];

/** Text that is sent without waiting for more. */
const MAX_TEXT = 256 * 1024;

/** Gets each reply: its text is in `bytes` from `start` to `end`, which are the same for nil. */
export type OnReply = (bytes: Buffer, start: number, end: number) => void;

/**
 * A connection that does the least possible: replies are passed on in their chunk, and the texts of
 * one turn of the event loop are sent as one. An error of the server ends the process.
 */
export class BareSocket {
  onReply: OnReply = () => {};
  readonly #socket: Socket;
  #out = "";
  /** The beginning of a reply that continues in the next chunk. */
  #rest: Buffer | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true).on("error", die).on("data", (chunk) => this.#read(chunk as Buffer));
  }

  /** Connects and sends HELLO. */
  static open(url: string, hello: Record<string, unknown> = {}): Promise<BareSocket> {
    const { hostname, port, password } = new URL(url);
    const bare = new BareSocket(connect(Number(port || 7419), hostname));
    return new Promise((resolve) => {
      bare.onReply = (bytes, start, end) => {
        const { s, i } = JSON.parse(bytes.toString("utf8", start + "HI ".length, end));
        const pwdhash = s && passwordHash(decodeURIComponent(password), s, i);
        bare.onReply = () => resolve(bare);
        bare.write(`HELLO ${JSON.stringify({ v: 2, ...hello, pwdhash })}\n`);
      };
    });
  }

  /** Sends a text at the end of this turn, when all of its promises have settled. */
  write(text: string): void {
    if (this.#out === "") process.nextTick(() => this.#flush());
    this.#out += text;
    if (this.#out.length > MAX_TEXT) this.#flush();
  }

  #flush(): void {
    if (this.#out !== "") this.#socket.write(this.#out);
    this.#out = "";
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let end; (end = bytes.indexOf(LF, at)) >= 0;) {
      let [start, stop, next] = [at + 1, end - 1, end + 1];
      if (bytes[at] === MINUS) die(new Error(bytes.toString("utf8", start, stop)));
      if (bytes[at] === DOLLAR) {
        const length = Number(bytes.toString("latin1", start, stop));
        start = next;
        stop = start + Math.max(length, 0);
        if (length >= 0) next = stop + 2;
        if (next > bytes.length) break;
      }
      at = next;
      this.onReply(bytes, start, stop);
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : undefined;
  }
}
