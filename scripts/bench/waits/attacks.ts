const PIECE_BYTES = 1024 * 1024;
const JOB = `PUSH {"jid":"attack-000001","jobtype":"x",`;
const MUTATE = `MUTATE {"cmd":"kill","target":`;

/** Yields `head`, `part` `count` times, and `tail`. */
function* repeated(
  head: string,
  part: string | Uint8Array,
  [count, tail]: readonly [count: number, tail: string],
): Iterable<string | Uint8Array> {
  yield head;
  if (typeof part === "string") {
    const times = Math.max(1, Math.floor(PIECE_BYTES / part.length));
    const piece = new TextEncoder().encode(part.repeat(times));
    for (let left = count; left >= times; left -= times) yield piece;
    yield part.repeat(count % times);
  } else for (let i = 0; i < count; i++) yield part;
  yield tail;
}

/** Yields `head`, the texts that `make` returns for each number below `count`, and `tail`. */
function* numbered(
  head: string,
  make: (number: number) => string,
  [count, tail]: readonly [count: number, tail: string],
): Iterable<string> {
  yield head;
  const step = 10_000;
  for (let at = 0; at < count; at += step) {
    yield Array.from({ length: Math.min(step, count - at) }, (_, i) => make(at + i)).join("");
  }
  yield tail;
}

/** Lines that are expensive for a server, in pieces and without their ends. */
export const attacks: Readonly<Record<string, () => Iterable<string | Uint8Array>>> = {
  "nothing": () => ["PING"],
  "PUSH, retry of 100 MB of digits": () =>
    repeated(`${JOB}"args":[],"retry":`, "9", [100_000_000, "}"]),
  "PUSH, args of 10,000,000 objects": () => repeated(`${JOB}"args":[{}`, ",{}", [9_999_999, "]}"]),
  "PUSH, args of 40,000,000 objects": () => repeated(`${JOB}"args":[{}`, ",{}", [39_999_999, "]}"]),
  "PUSH, an object of 5,000,000 keys": () => {
    const member = (i: number) => `,"${(i * 7919 % 5_000_011).toString(36)}":0`;
    return numbered(`${JOB}"args":[{"":0`, member, [5_000_000, "}]}"]);
  },
  "PUSH, 100 MB of invalid UTF-8": () => {
    const invalid = new Uint8Array(PIECE_BYTES).fill(0xff);
    return repeated(`${JOB}"args":["`, invalid, [95, `"]}`]);
  },
  "PUSH, a string of 45 MB": () => repeated(`${JOB}"args":["`, "a", [45_000_000, `"]}`]),
  "PUSHB of 40,000,000 objects": () => repeated("PUSHB [{}", ",{}", [39_999_999, "]"]),
  "PUSHB of 150,000 jobs": () => {
    const job = (i: number) =>
      `,{"jid":"bulk-${String(i).padStart(10, "0")}","jobtype":"x","args":[${i}]}`;
    return numbered("PUSHB [null", job, [150_000, "]"]);
  },
  "FETCH of 8,000,000 names": () => repeated("FETCH q", " q1234567", [7_999_999, ""]),
  "QUEUE LATENCY of 8,000,000 names": () =>
    repeated("QUEUE LATENCY q", " q1234567", [7_999_999, ""]),
  "MUTATE, a jid of 16 MB": () =>
    repeated(`${MUTATE}"retries","filter":{"jids":["`, "a", [16_000_000, `"]}}`]),
  "MUTATE, a glob of 100 kB on a job of 200 kB": () =>
    repeated(`${MUTATE}"scheduled","filter":{"regexp":"*?`, "a", [100_000, `b*"}}`]),
  "1,000 INFO on one connection, 20,000 queues": () => repeated("", "INFO\r\n", [999, "INFO"]),
};

/** Commands, whose replies are one line each, to send before some of the attacks. */
export const preparations: Readonly<Record<string, readonly string[]>> = {
  "MUTATE, a glob of 100 kB on a job of 200 kB": [
    `${JOB}"at":"2999-01-01T00:00:00Z","args":["${"a".repeat(200_000)}"]}`,
  ],
  "1,000 INFO on one connection, 20,000 queues": Array.from(
    { length: 20_000 },
    (_, i) => `${JOB}"queue":"queue-${i}","args":[]}`,
  ),
};
