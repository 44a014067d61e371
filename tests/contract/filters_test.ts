import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { type JobFilter, Producer } from "../../mod.ts";
import { parameters } from "../properties.ts";
import { RawClient } from "./raw_client.ts";
import { type Subject, subjects } from "./subject.ts";

/**
 * Few, so that they collide: characters with a meaning in globs, in JSON or in Go's quoting, and
 * characters of several bytes.
 */
const LETTERS = [
  ...["a", "b", "*", "?", "[", "]", "^", "-", "\\", '"', "'", "<", "&", ">", " ", "\n", "\0"],
  ...["\x01", "\b", "\f", "\x7f", "\u00a0", "é", "€", "\u2028", "\ufeff", "😀", "/", "{", "}", ":"],
];
const letters = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...LETTERS), { minLength, maxLength }).map((all) => all.join(""));

/** Types that contain or match one another. */
const type = fc.oneof(letters(1, 3), fc.constantFrom("a", "ab", "*", "a*", "[ab]", "a?", "\\*"));

const setting = fc.record({
  jobs: fc.array(
    fc.record({ type, jid: letters(1, 3), customer: fc.nat(3), note: letters(0, 2) }),
    { minLength: 1, maxLength: 6 },
  ),
  filter: fc.oneof(
    fc.record({ by: fc.constant("type" as const), which: fc.nat(8), other: type }),
    fc.record({ by: fc.constant("jids" as const), which: fc.nat(63), other: letters(1, 3) }),
    fc.record({ by: fc.constant("customer" as const), which: fc.nat(3), other: type }),
    fc.record({ by: fc.constant("note" as const), which: fc.nat(8), other: letters(1, 2) }),
    fc.record({ by: fc.constant("both" as const), which: fc.nat(31), other: type }),
  ),
  change: fc.constantFrom("requeue" as const, "discard" as const, "kill" as const),
});
type Setting = typeof setting extends fc.Arbitrary<infer Value> ? Value : never;

/**
 * A text in the form in which the server stores it, with the special characters of globs escaped.
 */
function storedGlob(text: string): string {
  const stored = JSON.stringify(text).slice(1, -1)
    .replaceAll(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return stored.replaceAll(/[*?[\]\\^]/g, (c) => `\\${c}`);
}

/** Returns the filter, and whether it selects a job. */
function meaning({ jobs, filter: { by, which, other } }: Setting, jidOf: (jid: string) => string) {
  const one = jobs[which];
  switch (by) {
    case "type": {
      const type = one?.type ?? other;
      return { filter: { type }, isMeant: (job: typeof jobs[number]) => job.type === type };
    }
    case "jids": {
      const jids = [...jobs.filter((_, i) => (which >> i & 1) === 1).map(({ jid }) => jid), other];
      return {
        filter: { jids: jids.map(jidOf) },
        isMeant: (job: typeof jobs[number]) => jids.includes(job.jid),
      };
    }
    case "customer":
      return {
        filter: { pattern: `*"customer":${which},*` },
        isMeant: (job: typeof jobs[number]) => job.customer === which,
      };
    case "both": {
      // The server finds this type without another pattern.
      const customer = which % 4;
      const type = jobs.find(({ type }) => /^[ab]+$/.test(type))?.type ?? "none";
      return {
        filter: { type, pattern: `*"customer":${customer},*` },
        isMeant: (job: typeof jobs[number]) => job.type === type && job.customer === customer,
      };
    }
    case "note": {
      const note = one?.note ?? other;
      return {
        filter: { pattern: `*"note":"${storedGlob(note)}"*` },
        isMeant: (job: typeof jobs[number]) => job.note === note,
      };
    }
  }
}

let runs = 0;

/** Puts jobs into a set, changes some of them, and checks the place of each. */
async function run(setting: Setting, producer: Producer, raw: RawClient): Promise<void> {
  const { change } = setting;
  const queue = `filters-${Date.now().toString(36)}-${runs++}`;
  // Removes jobs with the same jid.
  const jobs = setting.jobs.filter(({ jid }, i) =>
    setting.jobs.findIndex((other) => other.jid === jid) === i
  );
  const jidOf = (jid: string) => `${jid}-${queue}`;
  await producer.flush();
  const at = new Date(Date.now() + 3_600_000);
  const { failed } = await producer.enqueueMany(
    jobs.map(({ type, jid, customer, note }) => ({
      ...{ type, jid: jidOf(jid), queue, at, args: [{ note }] },
      custom: { customer, tenant: 1 },
    })),
  );
  assert.equal(failed.size, 0);
  const { filter, isMeant } = meaning(setting, jidOf);
  await producer.sets.scheduled[change](filter as JobFilter);

  const fetched = async (count: number) => {
    const jids: string[] = [];
    for (let i = 0; i < count; i++) {
      const { jid } = JSON.parse(await raw.ask(`FETCH ${queue}`));
      jids.push(jid);
      await raw.ask(`ACK ${JSON.stringify({ jid })}`);
    }
    return jids.sort();
  };
  const meant = jobs.filter(isMeant).map(({ jid }) => jidOf(jid)).sort();
  const others = jobs.filter((job) => !isMeant(job)).map(({ jid }) => jidOf(jid)).sort();
  const text = JSON.stringify(filter);
  const { queues, sets } = await producer.info();
  const moved = change === "requeue" ? queues[queue] ?? 0 : sets.dead;
  if (change !== "discard") assert.equal(moved, meant.length, text);
  assert.equal(sets.scheduled, others.length, text);
  if (change === "kill") await producer.sets.dead.requeue({ all: true });
  if (change !== "discard") assert.deepEqual(await fetched(moved), meant, text);
  await producer.sets.scheduled.requeue({ all: true });
  assert.deepEqual(await fetched(others.length), others, text);
}

for (const subject of subjects()) {
  describe(`filters against ${subject.name}`, () => filterContract(subject));
}

function filterContract(subject: Subject): void {
  let producer: Producer;
  let raw: RawClient;

  before(async () => {
    await subject.start();
    producer = await Producer.connect({ url: subject.url });
    raw = await RawClient.hello(subject.url, { wid: "filters-worker" });
  });

  after(async () => {
    raw.close();
    await producer.close();
    await subject.stop();
  });

  it("change the jobs that they select, and no others", async () => {
    await fc.assert(
      fc.asyncProperty(setting, (all) => run(all, producer, raw)),
      { ...parameters(`filters against ${subject.name}`, 400), includeErrorInReport: true },
    );
  });
}
