import { Buffer } from "node:buffer";
import fc from "fast-check";
import { ack, beat, fail, job, mutation, QUEUES, rarely, value } from "./differential_texts.ts";

/**
 * A line that one of the clients sends. The first client is not a worker. The other two are
 * connections of one worker.
 */
export interface Step {
  readonly client: 0 | 1 | 2;
  /** The text to send, with a character for each byte, without the line end. */
  readonly line: string;
}

/** Bytes for corrupting a line. */
const BYTES = [
  ...[
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "0",
    "-",
    ".",
    "e",
    "x",
    " ",
    "t",
    "'",
    "\t",
    "\r",
    "\0",
  ],
  ...[
    "\x01",
    "\x7f",
    "\x80",
    "\xc3",
    "\xe2\x82",
    "\xed\xa0\x80",
    "\xf0\x9f\x98",
    "\xff",
    "\xef\xbb\xbf",
  ],
];

const name = fc.constantFrom(...QUEUES, ...QUEUES, "nowhere", "*", "", "a/b", "é");
const names = fc.array(name, { maxLength: 3 }).map((all) => all.join(" "));

const garbage = fc.oneof(
  fc.constantFrom(
    ...[
      "",
      " ",
      "PING",
      "push {}",
      "HELLO {}",
      "PUSH",
      "PUSHB",
      "ACK",
      "FAIL",
      "BEAT",
      "MUTATE",
      "QUEUE",
    ],
    ...[
      "PUSH ",
      "PUSHB ",
      "ACK ",
      "FAIL ",
      "BEAT ",
      "MUTATE ",
      "QUEUE ",
      "FETCH",
      "__proto__ x",
      "\0",
    ],
    ...[
      "constructor",
      "toString {}",
      "PUSH\t{}",
      "PUSH  {}",
      "QUEUE pause",
      "QUEUE ſtop x",
      "INFO x",
    ],
  ),
  fc.tuple(fc.constantFrom("PUSH", "PUSHB", "ACK", "FAIL", "BEAT", "MUTATE", "XYZ"), value)
    .map((parts) => parts.join(" ")),
  fc.string({ unit: "binary", maxLength: 10 }).map((text) => text.replaceAll("\n", "")),
);

const command: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: job.map((json) => `PUSH ${json}`) },
  { weight: 2, arbitrary: fc.array(job, { maxLength: 4 }).map((jobs) => `PUSHB [${jobs.join()}]`) },
  { weight: 5, arbitrary: fc.constantFrom(...QUEUES).map((queue) => `FETCH ${queue}`) },
  { weight: 8, arbitrary: fc.constant(`FETCH ${QUEUES.join(" ")}`) },
  { weight: 3, arbitrary: ack.map((json) => `ACK ${json}`) },
  { weight: 6, arbitrary: fail.map((json) => `FAIL ${json}`) },
  { weight: 2, arbitrary: beat.map((json) => `BEAT ${json}`) },
  { weight: 5, arbitrary: mutation.map((json) => `MUTATE ${json}`) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom("PAUSE", "resume", "RESUME", "REMOVE", "LATENCY", "latency", "STOP"),
      names,
    ).map(([verb, all]) => `QUEUE ${verb}${all === "" ? "" : ` ${all}`}`),
  },
  { weight: 1, arbitrary: fc.constant("INFO") },
  {
    weight: 1,
    arbitrary: rarely(fc.constantFrom("FLUSH", "FLUSH now"), 4).map((flush) => flush ?? "INFO"),
  },
  { weight: 2, arbitrary: garbage },
);

const damage = fc.record({
  /** Position in thousandths of the line. */
  at: fc.noBias(fc.integer({ min: 0, max: 999 })),
  cut: fc.nat(2),
  put: fc.constantFrom(...BYTES, ""),
});

const line = fc.tuple(command, rarely(damage, 10)).map(([text, damage]) => {
  const bytes = Buffer.from(text).toString("latin1");
  if (damage === undefined) return bytes;
  const at = Math.ceil(damage.at * bytes.length / 1000);
  return bytes.slice(0, at) + damage.put + bytes.slice(at + damage.cut);
});

/** Sequences of lines that clients send. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ client: fc.constantFrom(0 as const, 1 as const, 2 as const), line }),
  { minLength: 1, maxLength: 40, size: "max" },
);
