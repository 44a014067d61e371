/**
 * A server that answers at once and does nothing, so that only the client is measured. Its FETCH
 * always has a job, with arguments of the size given on the command line. Prints its URL, and ends
 * with its standard input.
 */

import { createServer } from "node:net";
import process from "node:process";
import { argsOf } from "./task.ts";

const LF = 10;

/** Many replies of one kind and size in one buffer, so that a run of them costs nothing to make. */
class Replies {
  readonly #bytes: Buffer;
  readonly #size: number;
  #next = 0;

  constructor(count: number, reply: (index: number) => string) {
    this.#bytes = Buffer.from(Array.from({ length: count }, (_, index) => reply(index)).join(""));
    this.#size = this.#bytes.length / count;
  }

  /** Yields so many replies, in as few pieces as possible. */
  *take(count: number): Iterable<Uint8Array> {
    for (let left = count * this.#size; left > 0;) {
      const piece = this.#bytes.subarray(this.#next, this.#next + left);
      this.#next = (this.#next + piece.length) % this.#bytes.length;
      left -= piece.length;
      yield piece;
    }
  }
}

function bulk(value: unknown): string {
  const text = JSON.stringify(value);
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

const argBytes = process.argv[2] ? Number(process.argv[2]) : undefined;

/** More than any client has in flight, so that jids are unique at any time. */
const COUNT = argBytes === undefined ? 8192 : 1024;

const OK = new Replies(COUNT, () => "+OK\r\n");
const NOTHING_REFUSED = new Replies(COUNT, () => bulk({}));
const INFO = new Replies(1, () =>
  bulk({
    faktory: { queues: { default: 1_000_000 }, sets: {}, tasks: {} },
    server: { description: "Faktory", faktory_version: "1.10.0" },
  }));
const JOBS = new Replies(COUNT, (index) =>
  bulk({
    jid: `job-${String(index).padStart(12, "0")}`,
    ...{ queue: "default", jobtype: "bench", args: argsOf(argBytes), retry: 25 },
    created_at: "2026-01-01T00:00:00.000000001Z",
    enqueued_at: "2026-01-01T00:00:00.000000001Z",
    // The Rust crate cannot read a job without it.
    reserve_for: 1800,
  }));

/** Returns the replies to the command that begins at `at`; `undefined` for END. */
function repliesTo(bytes: Uint8Array, at: number): Replies | undefined {
  switch (bytes[at]) {
    case 0x50: // PUSH, PUSHB
      return bytes[at + 4] === 0x42 ? NOTHING_REFUSED : OK;
    case 0x46: // FETCH, FAIL
      return bytes[at + 1] === 0x45 ? JOBS : OK;
    case 0x49: // INFO
      return INFO;
    case 0x45: // END
      return undefined;
    default:
      return OK;
  }
}

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.write('+HI {"v":2}\r\n');
  /** The beginning of a line that continues in the next chunk. */
  let rest: Uint8Array = new Uint8Array();
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    socket.cork();
    let [at, count]: [number, number] = [0, 0];
    let run: Replies | undefined = OK;
    const send = () => {
      for (const piece of run?.take(count) ?? []) socket.write(piece);
      count = 0;
    };
    // The end of a line is not in what came before.
    for (let end = bytes.indexOf(LF, rest.length); end >= 0; end = bytes.indexOf(LF, at)) {
      const replies = repliesTo(bytes, at);
      if (replies !== run) send();
      run = replies;
      if (run === undefined) return void socket.end();
      count++;
      at = end + 1;
    }
    send();
    rest = bytes.subarray(at);
    socket.uncork();
  });
  socket.on("error", () => socket.destroy());
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(`tcp://127.0.0.1:${address?.port}`);
});
process.stdin.on("end", () => process.exit(0)).resume();
