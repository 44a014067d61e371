/**
 * A server that answers at once and does nothing, so that the client is what is measured. Its FETCH
 * always has a job, with arguments of the size given on the command line. It prints its URL, and
 * ends with its standard input.
 */

import { createServer } from "node:net";
import process from "node:process";
import { argsOf } from "./task.ts";

const LF = 10;

/**
 * Replies of one kind, one behind the other, so that a run of them is a piece of this and costs
 * nothing to make.
 */
class Replies {
  readonly #bytes: Buffer;
  readonly #ends: number[] = [0];
  #next = 0;

  constructor(replies: readonly string[]) {
    this.#bytes = Buffer.from(replies.join(""));
    for (const reply of replies) this.#ends.push(this.#ends.at(-1)! + Buffer.byteLength(reply));
  }

  /** The next so many, or as many as are left before it begins anew. */
  take(count: number): { bytes: Buffer; count: number } {
    const from = this.#next;
    const to = Math.min(from + count, this.#ends.length - 1);
    this.#next = to === this.#ends.length - 1 ? 0 : to;
    return { bytes: this.#bytes.subarray(this.#ends[from], this.#ends[to]), count: to - from };
  }
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

const argBytes = process.argv[2] ? Number(process.argv[2]) : undefined;

/** More than any client has under way, so that no jid is there twice at a time. */
const COUNT = argBytes === undefined ? 8192 : 1024;

function repeated(reply: string): Replies {
  return new Replies(Array.from({ length: COUNT }, () => reply));
}

const OK = repeated("+OK\r\n");
const NOTHING_REFUSED = repeated("$2\r\n{}\r\n");
const INFO = repeated(bulk(JSON.stringify({
  faktory: { queues: { default: 1_000_000 }, sets: {}, tasks: {} },
  server: { description: "Faktory", faktory_version: "1.10.0" },
})));
const JOBS = new Replies(Array.from({ length: COUNT }, (_, i) =>
  bulk(JSON.stringify({
    jid: `job-${String(i).padStart(12, "0")}`,
    queue: "default",
    jobtype: "bench",
    args: argsOf(argBytes),
    created_at: "2026-01-01T00:00:00.000000001Z",
    enqueued_at: "2026-01-01T00:00:00.000000001Z",
    retry: 25,
    // The Rust crate cannot read a job without it.
    reserve_for: 1800,
  }))));

/** Replies to the command whose verb begins at `at`; `undefined` for END. */
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

/** Bytes of a verb that tell what it is. */
const VERB = 5;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.write('+HI {"v":2}\r\n');
  /** The first bytes of a line that began in an earlier chunk. */
  let begun = Buffer.alloc(0);
  let run: Replies | undefined;
  let length = 0;

  function send() {
    while (length > 0) {
      const { bytes, count } = run!.take(length);
      socket.write(bytes);
      length -= count;
    }
  }

  socket.on("data", (chunk) => {
    socket.cork();
    let at = 0;
    for (let end; (end = chunk.indexOf(LF, at)) >= 0; at = end + 1) {
      let replies;
      if (begun.length === 0) {
        replies = repliesTo(chunk, at);
      } else {
        replies = repliesTo(Buffer.concat([begun, chunk.subarray(at, at + VERB)]), 0);
        begun = Buffer.alloc(0);
      }
      if (replies === undefined) {
        send();
        socket.end();
        return;
      }
      if (replies !== run) send();
      run = replies;
      length++;
    }
    if (at < chunk.length && begun.length < VERB) {
      begun = Buffer.concat([begun, chunk.subarray(at, at + VERB)]);
    }
    send();
    socket.uncork();
  });
  socket.on("error", () => socket.destroy());
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(`tcp://127.0.0.1:${address?.port}`);
});
process.stdin.on("end", () => process.exit(0)).resume();
