/** Parts of a line that are sent at once. */
const PIECE = 100_000;
const JOB = `PUSH {"jid":"attack-000001","jobtype":"x",`;
const MUTATE = `MUTATE {"cmd":"kill","target":`;

/** Yields `head`, `part` or what it returns for each number below `count`, and `tail`. */
function* repeated(
  head: string,
  part: string | ((number: number) => string),
  [count, tail]: readonly [count: number, tail: string],
): Iterable<string> {
  yield head;
  for (let at = 0; at < count; at += PIECE) {
    const length = Math.min(PIECE, count - at);
    yield typeof part === "string"
      ? part.repeat(length)
      : Array.from({ length }, (_, i) => part(at + i)).join("");
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
    return repeated(`${JOB}"args":[{"":0`, member, [5_000_000, "}]}"]);
  },
  "PUSH, 100 MB of invalid UTF-8": () => {
    const invalid = new Uint8Array(1_000_000).fill(0xff);
    return [`${JOB}"args":["`, ...new Array<Uint8Array>(100).fill(invalid), `"]}`];
  },
  "PUSH, a string of 45 MB": () => repeated(`${JOB}"args":["`, "a", [45_000_000, `"]}`]),
  "PUSHB of 40,000,000 objects": () => repeated("PUSHB [{}", ",{}", [39_999_999, "]"]),
  "PUSHB of 150,000 jobs": () => {
    const job = (i: number) =>
      `,{"jid":"bulk-${String(i).padStart(10, "0")}","jobtype":"x","args":[${i}]}`;
    return repeated("PUSHB [null", job, [150_000, "]"]);
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
