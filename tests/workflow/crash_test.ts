import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Job, Kill } from "../../mod.ts";
import { chain, join, resultsOf, Workflows } from "../../src/workflow/mod.ts";
import { numbers } from "../faults/numbers.ts";
import { everyDeath, MOMENTS, Mortal } from "../faults/mortal.ts";
import { type Edition, type Handlers, World } from "./simulated.ts";

/** Bun's default is five seconds, which is too short for a busy machine. */
const LONG = { timeout: 120_000 };

const alone = () => [new Mortal(Infinity)];
const part = (name: string) => ({ type: "part", args: [name] });

/**
 * A chain with a join. Two of the join's parts are jobs, which a batch can count, one is a chain
 * and one a join.
 */
const node = chain(
  part("first"),
  join(part("a"), chain(part("b"), part("c")), join(part("d"), part("e")), part("f")),
  { type: "last" },
);

const RESULTS = ["A", "C", ["D", "E"], "F"];

/** Jobs that ran, in order. */
interface Log {
  readonly ended: string[];
  /** One entry for each run of the last job, with the jobs that had ended before it. */
  readonly lasts: { before: string[]; results: readonly unknown[] }[];
}

async function world(edition: Edition): Promise<{ world: World; log: Log }> {
  const log: Log = { ended: [], lasts: [] };
  const handlers = {
    part(job: Job) {
      const [name] = job.args as [string];
      log.ended.push(name);
      return name.toUpperCase();
    },
    last(job: Job) {
      log.lasts.push({ before: [...log.ended], results: resultsOf(job) });
    },
  };
  return { world: await World.start(handlers, edition), log };
}

function check({ lasts }: Log, hint: string): void {
  assert.ok(lasts.length > 0, `${hint}: the last job never ran`);
  for (const { before, results } of lasts) {
    assert.deepEqual([...new Set(before)].sort(), ["a", "b", "c", "d", "e", "f", "first"], hint);
    assert.deepEqual(results, RESULTS, hint);
  }
}

for (const edition of ["free", "enterprise"] as const) {
  describe(`on a server of the edition ${edition}`, () => {
    it("a workflow without a fault runs each job once, and leaves nothing", async () => {
      const { world: one, log } = await world(edition);
      await using _ = one;
      await one.begin(node);
      await one.settle(alone);
      check(log, "no fault");
      assert.equal(log.lasts.length, 1);
      assert.equal(log.ended.length, 7);
    });

    it("a program may die after any command: no job starts early, all start", LONG, async () => {
      const deaths = await everyDeath(["unanswered"], async (mortal, hint) => {
        const { world: one, log } = await world(edition);
        await using _ = one;
        await one.begin(node);
        await one.work(mortal);
        await one.settle(alone);
        check(log, hint);
      });
      assert.ok(deaths > 60, `${deaths} places to die`);
    });

    it("a program dies while it starts a workflow: no job starts early", LONG, async () => {
      await everyDeath(["unsent"], async (mortal) => {
        const { world: one, log } = await world(edition);
        await using _ = one;
        const first = join(part("first"), ...["a", "b", "c", "d", "e", "f"].map(part));
        await one.begin(chain(first, { type: "last" }), {}, mortal).catch(() => {});
        // The enqueued parts wait for the missing ones. A check ends that after days.
        await one.run(alone, 30);
        for (const { before } of log.lasts) assert.equal(new Set(before).size, 7);
        if (!mortal.isDead) assert.equal(log.lasts.length, 1);
      });
    });

    it(
      "a program dies while it ends a job for good: onDead and the state follow",
      LONG,
      async () => {
        await everyDeath(MOMENTS, async (mortal, hint) => {
          const alarms: Job[] = [];
          const handlers: Handlers = {
            part: () => {},
            kill: () => new Kill("no use"),
            alarm: (job) => void alarms.push(job),
          };
          await using one = await World.start(handlers, edition);
          const options = { onDead: { type: "alarm" }, statusDays: 1 };
          const id = await one.begin(chain(part("a"), { type: "kill" }), options);
          await one.work(mortal);
          await one.run(alone, 90);
          assert.ok(alarms.length > 0, hint);
          await using producer = await one.connect(new Mortal(Infinity));
          const { state, failed } = await new Workflows().status(producer, id);
          assert.deepEqual([state, failed], ["failed", [`${id}.0.1`]], hint);
        });
      },
    );

    it("a join completes although three programs die again and again", LONG, async () => {
      const seed = 7;
      const random = numbers(seed);
      let deaths = 0;
      for (let round = 0; round < 40; round++) {
        const { world: one, log } = await world(edition);
        await using _ = one;
        await one.begin(node);
        let left = Math.floor(random() * 12);
        await one.settle(() =>
          [1, 2, 3].map(() => {
            if (left-- <= 0) return new Mortal(Infinity);
            deaths++;
            return new Mortal(1 + Math.floor(random() * 40));
          })
        );
        check(log, `seed ${seed}, round ${round}`);
      }
      assert.ok(deaths > 100, `${deaths} deaths`);
    });
  });
}
