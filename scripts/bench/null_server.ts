/**
 * A server that answers at once and does nothing, so that what is measured is the client. Its FETCH always has a job. It
 * prints its port and runs until its standard input ends.
 */

import { createServer } from "node:net";
import process from "node:process";

const LF = 10;
const OK = Buffer.from("+OK\r\n");
const NOTHING_REFUSED = Buffer.from("$2\r\n{}\r\n");
const INFO = bulk(JSON.stringify({
  faktory: { queues: { default: 1_000_000 }, sets: {}, tasks: {} },
  server: { description: "Faktory", faktory_version: "1.10.0" },
}));

/** More different jobs than any client has under way. */
const JOBS = Array.from({ length: 8192 }, (_, i) =>
  bulk(JSON.stringify({
    jid: `job-${String(i).padStart(12, "0")}`,
    queue: "default",
    jobtype: "bench",
    args: [1, "two"],
    created_at: "2026-01-01T00:00:00.000000001Z",
    enqueued_at: "2026-01-01T00:00:00.000000001Z",
    retry: 25,
  })));
let nextJob = 0;

function bulk(text: string): Buffer {
  return Buffer.from(`$${Buffer.byteLength(text)}\r\n${text}\r\n`);
}

/** The reply to the command whose verb begins at `at`. */
function reply(bytes: Buffer, at: number): Buffer | undefined {
  switch (bytes[at]) {
    case 0x50: // PUSH, PUSHB
      return bytes[at + 4] === 0x42 ? NOTHING_REFUSED : OK;
    case 0x46: // FETCH, FAIL
      return bytes[at + 1] === 0x45 ? JOBS[nextJob++ % JOBS.length]! : OK;
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
  /** The first bytes of a line that began in an earlier chunk. */
  let verb = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    const replies: Buffer[] = [];
    let at = 0;
    while (at < chunk.length) {
      const end = chunk.indexOf(LF, at);
      if (end < 0) {
        if (verb.length < 5) verb = Buffer.concat([verb, chunk.subarray(at, at + 5)]);
        break;
      }
      let answer;
      if (verb.length === 0) {
        answer = reply(chunk, at);
      } else {
        answer = reply(Buffer.concat([verb, chunk.subarray(at, at + 5)]), 0);
        verb = Buffer.alloc(0);
      }
      if (answer === undefined) {
        socket.end();
        return;
      }
      replies.push(answer);
      at = end + 1;
    }
    if (replies.length > 0) {
      socket.write(replies.length === 1 ? replies[0]! : Buffer.concat(replies));
    }
  });
  socket.on("error", () => socket.destroy());
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : undefined);
});
process.stdin.on("end", () => process.exit(0)).resume();
