import type { Crew } from "../crew.ts";
import type { Random } from "../random.ts";
import { Storm } from "../storm.ts";
import { someMs, type Strike } from "../strike.ts";
import type { StatementFault } from "./database_client.ts";
import type { OutboxOfWorld } from "./outbox_of_world.ts";
import { CLOCK_MS } from "./plan.ts";
import type { OutboxProgram } from "./program.ts";

/** Largest number of microtasks, writes and statements after which a program is killed. */
const MAX_TURNS = 40;
const MAX_WRITES = 20;
const MAX_STATEMENTS = 6;

/** The statements of a relay and of a transaction, for faults that meet one of them. */
const STATEMENTS = [
  /^WITH next|RETURNING/,
  /^DELETE/,
  /claimed_by = NULL/,
  /./,
  /^COMMIT/,
] as const;

interface OutboxStrike extends Strike<OutboxOfWorld> {
  /** Shortest time between two faults of this kind, in milliseconds. */
  readonly restMs: number;
}

/** Creates the storm of an outbox: faults of its programs and of their database. */
export function outboxStorm(outbox: OutboxOfWorld, random: Random): Storm<OutboxOfWorld> {
  return new Storm(outbox, random, {
    strikes: STRIKES,
    share: 0.6,
    restMsOf: (name) => STRIKES[name]!.restMs,
  });
}

type ProgramStrike = (
  program: OutboxProgram,
  random: Random,
  parts: {
    readonly outbox: OutboxOfWorld;
    readonly crew: Crew<OutboxProgram>;
    readonly place: number;
  },
) => void;

function onProgram(weight: number, restMs: number, strike: ProgramStrike): OutboxStrike {
  return {
    weight,
    restMs,
    strike(outbox, random) {
      const { crew } = outbox;
      const { places } = crew;
      if (places.length === 0) return false;
      const place = random.pick(places);
      strike(crew.at(place), random, { outbox, crew, place });
      return true;
    },
  };
}

function onStatement(weight: number, fault: StatementFault): OutboxStrike {
  return onProgram(weight, 200, ({ client }, random) => {
    client.fail(
      ...Array<StatementFault>(random.chance(0.8) ? 1 : random.between(2, 8)).fill(fault),
    );
  });
}

const STRIKES: Readonly<Record<string, OutboxStrike>> = {
  "outbox: program killed": onProgram(3, 2000, (program, random, { outbox }) => {
    outbox.killer(program, random)();
  }),
  "outbox: program killed in a statement": onProgram(4, 1000, (program, random, { outbox }) => {
    const pattern = random.pick(STATEMENTS);
    program.client.dieIn(
      random.between(1, MAX_STATEMENTS),
      pattern,
      outbox.killer(program, random),
    );
  }),
  "outbox: program killed between two microtasks": onProgram(
    2,
    2000,
    (program, random, { outbox }) => {
      program.process.dieAfterTurns(random.int(MAX_TURNS), outbox.killer(program, random));
    },
  ),
  "outbox: program killed in a write": onProgram(2, 2000, (program, random, { outbox }) => {
    program.process.dieInWrite(random.between(1, MAX_WRITES), outbox.killer(program, random));
  }),
  "outbox: program killed while it stops": {
    weight: 1,
    restMs: 2000,
    strike: ({ crew }, random) => {
      const [program] = crew.ending;
      const isPowerLoss = random.chance(0.3);
      if (!crew.killEnding(isPowerLoss)) return false;
      program!.client.ended(isPowerLoss);
      return true;
    },
  },
  "outbox: program deployed": onProgram(2, 2000, (_program, random, { crew, place }) => {
    const graceMs = random.pick([0, 100, 5000, 25_000]);
    crew.deploy(place, { graceMs, downMs: someMs(random, 5000) });
  }),
  "outbox: program paused": onProgram(2, 5000, ({ client }, random) => {
    client.pause(someMs(random, 100_000));
  }),
  "outbox: clock set": onProgram(1, 5000, ({ process }, random) => {
    process.jump(someMs(random, 3_600_000) * random.pick([-1, 1]) - process.aheadMs);
  }),
  "outbox: program cannot reach Faktory": onProgram(2, 5000, ({ process }, random, { outbox }) => {
    outbox.network.partition(process, someMs(random, 60_000));
  }),
  "outbox: connections to Faktory silent": onProgram(
    1,
    10_000,
    ({ process }, _random, { outbox }) => {
      for (const link of outbox.network.linksOf(process)) link.silence();
    },
  ),
  "outbox: connections to Faktory cut": onProgram(2, 1000, ({ process }, random, { outbox }) => {
    for (const link of outbox.network.linksOf(process)) link.cut(random.chance(0.5));
  }),
  "outbox: a statement fails": onStatement(3, "error"),
  "outbox: a statement is lost": onStatement(2, "request lost"),
  "outbox: the reply to a statement is lost": onStatement(3, "reply lost"),
  "outbox: a statement is slow": onStatement(2, "slow"),
  "outbox: a statement has no answer": onStatement(1, "silent"),
  "outbox: a program cannot reach the database": onProgram(2, 5000, ({ client }, random) => {
    client.unreachableUntil = client.process.timeline.now + someMs(random, 60_000);
  }),
  "outbox: database killed": {
    weight: 1,
    restMs: 10_000,
    strike: (outbox, random) => outbox.killDatabase(someMs(random, 20_000)),
  },
  "outbox: database's clock set": {
    weight: 1,
    restMs: 20_000,
    strike({ database: { process }, rules, timeline }, random) {
      process.jump(someMs(random, CLOCK_MS) * random.pick([-1, 1]) - process.aheadMs);
      rules.clockSetAt = timeline.now;
      return true;
    },
  },
};
