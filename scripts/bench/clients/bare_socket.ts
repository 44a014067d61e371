import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import process from "node:process";

const [LF, DOLLAR, MINUS] = [0x0a, 0x24, 0x2d];

/** Text that goes out without waiting for more. */
const MAX_TEXT = 256 * 1024;

/**
 * Hears each reply; `start` and `end` are those of its text in `bytes`. Nil is no text: both are
 * the same.
 */
export type OnReply = (bytes: Buffer, start: number, end: number) => void;

/**
 * A connection with nothing that can be left out: replies are found and handed on as they lie in
 * their chunk, and what is written in one turn of the event loop goes out as one text. An error of
 * the server ends the process.
 */
export class BareSocket {
  onReply: OnReply = () => {};
  readonly #socket: Socket;
  #out = "";
  /** The beginning of a reply whose end is not there yet. */
  #rest: Buffer | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#read(chunk as Buffer));
    socket.on("error", fail);
  }

  /** Connects and says hello. */
  static open(url: string, hello: Record<string, unknown> = {}): Promise<BareSocket> {
    const { protocol, hostname, port, password } = new URL(url);
    if (protocol !== "tcp:") throw new Error(`Cannot connect a bare socket by ${protocol}`);
    const bare = new BareSocket(connect(Number(port || 7419), hostname.replace(/^\[|\]$/g, "")));
    return new Promise((resolve) => {
      bare.onReply = (bytes, start, end) => {
        const greeting = JSON.parse(bytes.toString("utf8", start + "HI ".length, end));
        const pwdhash = hashOf(decodeURIComponent(password), greeting);
        bare.onReply = () => resolve(bare);
        bare.write(`HELLO ${JSON.stringify({ v: 2, ...hello, pwdhash })}\n`);
      };
    });
  }

  /**
   * Sends a text once nothing of this turn adds to it: all of its promises have settled by then.
   */
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
      if (bytes[at] === MINUS) fail(new Error(bytes.toString("utf8", start, stop)));
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

function hashOf(password: string, { s, i = 1 }: { s?: string; i?: number }): string | undefined {
  if (s === undefined) return undefined;
  let hash: string | Buffer = password + s;
  for (let round = 0; round < i; round++) hash = createHash("sha256").update(hash).digest();
  return (hash as Buffer).toString("hex");
}

function fail(error: Error): never {
  console.error(error);
  process.exit(1);
}
