/** Lines that are hard on a server. */

interface Attack {
  readonly name: string;
  /** What is there before, line by line. */
  readonly before?: readonly string[];
  /** The line, in parts and without its end. */
  lines(): Uint8Array[];
}

const encoder = new TextEncoder();
const PART = 1024 * 1024;

/** A line of many times the same. */
function filled(head: string, part: string, count: number, tail: string): Uint8Array[] {
  const times = Math.max(1, Math.floor(PART / part.length));
  const whole = encoder.encode(part.repeat(times));
  const parts = [encoder.encode(head)];
  let left = count;
  for (; left >= times; left -= times) parts.push(whole);
  parts.push(encoder.encode(part.repeat(left)), encoder.encode(tail));
  return parts;
}

const JOB = `PUSH {"jid":"attack-000001","jobtype":"x",`;

export const attacks: readonly Attack[] = [
  { name: "nothing", lines: () => [encoder.encode("PING")] },
  {
    name: "PUSH, retry of 100 MB of digits",
    lines: () => filled(`${JOB}"args":[],"retry":`, "9", 100_000_000, "}"),
  },
  {
    name: "PUSH, args of 10,000,000 objects",
    lines: () => filled(`${JOB}"args":[{}`, ",{}", 9_999_999, "]}"),
  },
  {
    name: "PUSH, args of 40,000,000 objects",
    lines: () => filled(`${JOB}"args":[{}`, ",{}", 39_999_999, "]}"),
  },
  {
    name: "PUSH, an object of 5,000,000 keys",
    lines: () => {
      const parts = [encoder.encode(`${JOB}"args":[{"":0`)];
      for (let i = 0; i < 5_000_000; i += 10_000) {
        let text = "";
        for (let k = i; k < i + 10_000; k++) text += `,"${(k * 7919 % 5_000_011).toString(36)}":0`;
        parts.push(encoder.encode(text));
      }
      return [...parts, encoder.encode("}]}")];
    },
  },
  {
    name: "PUSH, 100 MB of invalid UTF-8",
    lines: () => {
      const bytes = new Uint8Array(PART).fill(0xff);
      return [
        encoder.encode(`${JOB}"args":["`),
        ...new Array<Uint8Array>(95).fill(bytes),
        encoder.encode(`"]}`),
      ];
    },
  },
  {
    name: "PUSH, a text of 45 MB",
    lines: () => filled(`${JOB}"args":["`, "a", 45_000_000, `"]}`),
  },
  {
    name: "PUSHB of 40,000,000 objects",
    lines: () => filled("PUSHB [{}", ",{}", 39_999_999, "]"),
  },
  {
    name: "PUSHB of 150,000 jobs",
    lines: () => {
      const parts = [encoder.encode("PUSHB [null")];
      for (let i = 0; i < 150_000; i += 1000) {
        let text = "";
        for (let k = i; k < i + 1000; k++) {
          text += `,{"jid":"bulk-${String(k).padStart(10, "0")}","jobtype":"x","args":[${k}]}`;
        }
        parts.push(encoder.encode(text));
      }
      return [...parts, encoder.encode("]")];
    },
  },
  {
    name: "FETCH of 8,000,000 names",
    lines: () => filled("FETCH q", " q1234567", 7_999_999, ""),
  },
  {
    name: "QUEUE LATENCY of 8,000,000 names",
    lines: () => filled("QUEUE LATENCY q", " q1234567", 7_999_999, ""),
  },
  {
    name: "MUTATE, a jid of 16 MB",
    lines: () =>
      filled(`MUTATE {"cmd":"kill","target":"retries","filter":{"jids":["`, "a", 16e6, `"]}}`),
  },
  {
    name: "MUTATE, a glob of 100 kB on a job of 200 kB",
    before: [
      `PUSH {"jid":"glob-00001","jobtype":"x","at":"2999-01-01T00:00:00Z","args":["${
        "a".repeat(200_000)
      }"]}\r\n`,
    ],
    lines: () =>
      filled(
        `MUTATE {"cmd":"kill","target":"scheduled","filter":{"regexp":"*?`,
        "a",
        100_000,
        `b*"}}`,
      ),
  },
  {
    name: "1,000 INFO on one connection, 20,000 queues",
    before: [
      Array.from(
        { length: 20_000 },
        (_, i) => `PUSH {"jid":"queue-00000","jobtype":"x","queue":"queue-${i}","args":[]}\r\n`,
      ).join(""),
    ],
    lines: () => [encoder.encode("INFO\r\n".repeat(999) + "INFO")],
  },
];
