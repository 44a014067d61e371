import fc from "fast-check";

/**
 * JSON, valid and invalid, in all forms. `@1` to `@4` stand for jids of one run, `@w` for its
 * worker.
 */

/** Numbers that Go and JavaScript may read or write differently. */
const NUMBERS = [
  ...[
    "0",
    "-0",
    "1",
    "-1",
    "25",
    "1.0",
    "1e2",
    "0.1",
    "-2.50",
    "1e21",
    "1e20",
    "123456789012345678901",
  ],
  ...[
    "1e-6",
    "1e-7",
    "12345678901234567890",
    "0.1e-10",
    "5e-324",
    "1e-400",
    "1.7976931348623157e308",
  ],
  ...["1E5", "2e+3", "9007199254740993", "0.30000000000000004", "100000000000000000000000"],
];

/** Strings in JSON form. */
const STRINGS = [
  ...[
    '""',
    '"x"',
    '"<b>&"',
    '"\\u003c"',
    '"\\u2028\u2029"',
    '"\\ud83d\\ude00"',
    '"😀"',
    '"\\ud800"',
  ],
  ...[
    '"\\udc00\\ud800"',
    '"\\/\\b\\f\\n\\r\\t\\"\\\\"',
    '"\\u0000\\u001f\\u007f"',
    '"\u007f\u0080ÿ"',
  ],
  ...['"a\\u0000b"', '"\ufffd"', '"\\ufffd"', '"ünï€"', '"\ufeff"', '"jid"', '"\\u00E9"'],
];

const KEYS = [
  ...[
    '"a"',
    '"b"',
    '"B"',
    '"10"',
    '"9"',
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"é"',
    '""',
  ],
  ...['"\uffff"', '"😀"', '"<"', '"jid"', '"\\u0061"'],
];

const space = fc.constantFrom("", "", "", "", " ", "\t", "\r", "  ");
const literal = fc.oneof(
  fc.constantFrom(...NUMBERS),
  fc.constantFrom(...STRINGS),
  fc.constantFrom("true", "false", "null"),
  fc.string({ unit: "binary", maxLength: 5 }).map((text) => JSON.stringify(text)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);

/** Any value. */
export const value: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    literal,
    fc.array(fc.tuple(space, tie("value")), { maxLength: 3 })
      .map((items) => `[${items.map((item) => item.join("")).join(",")}]`),
    fc.array(fc.tuple(space, fc.constantFrom(...KEYS), space, tie("value")), { maxLength: 3 })
      .map((fields) =>
        `{${fields.map(([a, key, b, item]) => `${a}${key}:${b}${item}`).join(",")}}`
      ),
  ),
})).value;

const jid = fc.constantFrom("@1", "@2", "@3", "@4");
const text = (...texts: string[]) => fc.constantFrom(...texts.map((item) => JSON.stringify(item)));
const jidText = jid.map((name) => `"${name}"`);

/** Picks mostly the first. */
export function mostly<T>(
  usual: fc.Arbitrary<T>,
  other: fc.Arbitrary<T>,
  weight = 12,
): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: other });
}

/** Is mostly absent. */
export function rarely<T>(arbitrary: fc.Arbitrary<T>, weight = 12): fc.Arbitrary<T | undefined> {
  return mostly<T | undefined>(fc.constant(undefined), arbitrary, weight);
}

/** Names of queues, some invalid. */
export const QUEUES: readonly string[] = ["default", "q1", "Q.2_-", "__proto__", "10", "9"];
const queue = mostly(
  text(...QUEUES),
  text("a/b", "", " ", "é", "a b", 'a"\\\n', "\u00a0\u0085😀\u0001"),
);

/** Times in the past or far future, so that nothing becomes due during the comparison. */
const GOOD_TIMES = [
  ...["2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "2099-01-01T00:00:00.123456789Z", ""],
  ...["2099-06-30T23:59:59+05:30", "2099-01-01T1:00:00Z", "2099-01-01T00:00:00,5Z"],
  ...["0000-01-01T00:00:00Z", "2099-01-01T00:00:00+24:60", "2099-01-01T00:00:00.0000000001Z"],
];

const BAD_TIMES = [
  ...["2099-01-01T00:00:00+25:00", "2099-01-01T00:00:00-00:61", "2099-01-01T00:00:00*25:00"],
  ...[
    "2099-13-01T00:00:00Z",
    "2099-02-30T00:00:00Z",
    "2099-00-00T00:00:00Z",
    "2099-01-01T24:00:00Z",
  ],
  ...[
    "2099-01-01T00:60:00Z",
    "2099-01-01T00:00:60Z",
    "2099-01-01t00:00:00z",
    "2099-01-01 00:00:00Z",
  ],
  ...[
    "2099-01-01T00:00:00",
    "2099-01-01T00:00:00Zx",
    "2099-1-01T00:00:00Z",
    "20x9-01-01T00:00:00Z",
  ],
  ...[
    "2099-01-01T00:00:00.Z",
    "2099-01-01T00:00:00 +0:00",
    "2099-01-01T00:00:00é00:00",
    '2"\\é\u0001',
  ],
  ...["2099-01-01T00:00:00+0a:00", "2099-01-01T00:00:00+05:3", "2099-01-01T00:00:00*05:30"],
  ...["2099-02-30T00:00:00Zx", "2099-01-01T00:00:00+26:0x", "209", "2099-", "x", "2099-01-0"],
];

const time = mostly(text(...GOOD_TIMES), text(...BAD_TIMES), 4);
const integer = mostly(
  fc.constantFrom("0", "1", "-1", "2", "3", "25", "-0", "9223372036854775807"),
  fc.constantFrom(
    "1.0",
    "1e1",
    "9223372036854775808",
    "-9223372036854775809",
    '"3"',
    "01",
  ),
);
const reserve = mostly(
  fc.constantFrom("0", "60", "1800", "86400", "-1"),
  fc.constantFrom("86401", "1.5", '"60"'),
);
const texts = fc.array(fc.constantFrom('"a"', '"<\\ud800"', "null", '""'), { maxLength: 3 })
  .map((items) => `[${items.join(",")}]`);

/** Fields as an object, some with keys in another case, possibly one twice. */
function fields(
  names: Record<string, fc.Arbitrary<string>>,
  required: readonly string[],
): fc.Arbitrary<string> {
  const optional = Object.keys(names).filter((name) => !required.includes(name));
  const key = (name: string) =>
    mostly(fc.constant(JSON.stringify(name)), fc.constantFrom(...caseVariants(name)), 30);
  const field = (name: string) =>
    fc.tuple(space, key(name), space, mostly(names[name]!, value, 60))
      .map(([a, key, b, value]) => `${a}${key}${b}:${value}`);
  return fc.subarray(optional, { maxLength: Math.min(4, optional.length) }).chain((some) =>
    fc.tuple(
      ...required.map((name) => mostly(field(name), fc.constant(undefined), 40)),
      ...some.map(field),
      rarely(fc.constantFrom(...Object.keys(names)).chain(field)),
      rarely(fc.tuple(fc.constantFrom(...KEYS), value).map(([key, item]) => `${key}:${item}`)),
    ).map((all) => `{${all.filter((item) => item !== undefined).join(",")}}`)
  );
}

function caseVariants(name: string): string[] {
  const upper = name.toUpperCase();
  const variants = [upper, name[0]!.toUpperCase() + name.slice(1), upper.toLowerCase() + "x"];
  const folded = [name.replace("s", "\u017f"), name.replace("k", "\u212a")];
  return [...variants, ...folded].map((variant) => JSON.stringify(variant));
}

const failure = fields({
  failed_at: text("", "2001-01-01T00:00:00Z", "x"),
  next_at: text("", "2001-01-01T00:00:00Z"),
  message: fc.constantFrom(...STRINGS),
  errtype: fc.constantFrom(...STRINGS),
  backtrace: texts,
  retry_count: mostly(fc.constantFrom("0", "1", "2", "24"), fc.constant("1.5")),
  remaining: fc.constantFrom("0", "1", "-1", "3"),
}, []);

const args = fc.array(fc.tuple(space, value), { maxLength: 3 })
  .map((items) => `[${items.map((item) => item.join("")).join(",")}]`);

/** Jobs, valid and invalid. */
export const job: fc.Arbitrary<string> = fields({
  jid: mostly(jidText, text("short", "ééé", "éééé", "1234567", "12345678"), 20),
  jobtype: mostly(text("x", "y"), fc.constantFrom(...STRINGS), 5),
  args,
  queue,
  retry: integer,
  at: time,
  reserve_for: reserve,
  backtrace: integer,
  custom: fc.array(fc.tuple(fc.constantFrom(...KEYS), value), { maxLength: 3 })
    .map((items) => `{${items.map((item) => item.join(":")).join(",")}}`),
  created_at: text("", "2001-01-01T00:00:00Z", "whenever"),
  enqueued_at: text("", "2001-01-01T00:00:00Z", "whenever", "0001-01-01T00:00:00Z"),
  failure,
}, ["jid", "jobtype", "args"]);

/** Acknowledgements. */
export const ack: fc.Arbitrary<string> = fields(
  { jid: jidText, x: fc.constantFrom('"y"', "null") },
  [
    "jid",
  ],
);

const long = fc.constantFrom("a", "é", "€", "😀").chain((character) =>
  fc.nat(60).map((more) =>
    JSON.stringify(`${"x".repeat(more % 7)}${character.repeat(70 + more * 20)}`)
  )
);

/** Failures. */
export const fail: fc.Arbitrary<string> = fields({
  jid: jidText,
  message: fc.oneof(fc.constantFrom(...STRINGS), long, text(" \u0085\u00a0 x \ufeff", "\t\r ")),
  errtype: fc.oneof(fc.constantFrom(...STRINGS), long),
  backtrace: fc.oneof(
    texts,
    fc.constant(JSON.stringify(Array.from({ length: 60 }, (_, i) => `${i}`))),
  ),
}, ["jid"]);

export const beat: fc.Arbitrary<string> = fields({
  wid: text("@w", "@w", "nobody", "", "é\u0001"),
  current_state: text("", "quiet", "terminate", "running", "x"),
  rss_kb: fc.constantFrom("1", "1.5", "-1", '"1"', "9223372036854775807"),
}, ["wid"]);

const filter = fields({
  jids: fc.array(fc.oneof(jidText, fc.constantFrom('"nobody"', '"\\""', "null")), { maxLength: 2 })
    .map((items) => `[${items.join(",")}]`),
  regexp: text(
    ...[
      "*",
      "*x*",
      "*@1*",
      "*@?*",
      "*[@]2*",
      "*[^a]*",
      '*"jobtype":"x"*',
      "x",
      "**",
      "*\\@3*",
      "*é*",
    ],
    ...["*[a-z", "*[", "*\\", "?*", "*[z-a]*"],
  ),
  jobtype: text("x", "y", "<b>&", 'a"', "*", "é", "[x]"),
}, []);

export const mutation: fc.Arbitrary<string> = fields({
  cmd: mostly(text("kill", "kill", "discard", "requeue", "requeue", "clear"), text("", "Kill"), 20),
  target: mostly(text("retries", "scheduled", "dead"), text("working", ""), 20),
  filter: mostly(filter, fc.constant("null"), 5),
}, ["cmd", "target"]).map((operation) => operation.replaceAll(" ", ""));
