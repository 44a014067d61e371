import type { ProducerOptions } from "../../../mod.ts";
import type { ClockError } from "../process.ts";
import type { Random } from "../random.ts";

/** The plan of a program that inserts jobs, runs a relay, or both. */
export interface OutboxProgramPlan {
  readonly hasWriter: boolean;
  readonly hasRelay: boolean;
  readonly clock: ClockError;
  readonly relay: {
    readonly pollMs: number;
    readonly batchSize: number;
    readonly claimSeconds: number;
  };
  readonly producer: Omit<ProducerOptions, "url" | "transport" | "clock">;
}

/** The outbox of a world. */
export interface OutboxPlan {
  readonly dialect: "postgres" | "sqlite";
  readonly databaseClock: ClockError;
  readonly programs: readonly OutboxProgramPlan[];
  /** Mean time between two transactions of a program, in milliseconds. */
  readonly everyMs: number;
  /** Mean time between two faults of the outbox, in milliseconds. */
  readonly strikeEveryMs: number;
  /** True if its jobs are unique (Enterprise). */
  readonly isUnique: boolean;
}

/**
 * Largest error of the database's clock, in milliseconds. If the clock is set back by this time, the
 * claims of a crashed relay last longer by it.
 */
export const CLOCK_MS = 600_000;

/** Draws the outbox of a world. `clockOf` draws the clock of a machine. */
export function outboxOf(
  random: Random,
  clockOf: (random: Random) => ClockError,
  isUnique: boolean,
): OutboxPlan {
  const dialect = random.chance(0.6) ? "postgres" : "sqlite";
  const relays = random.pick([1, 1, 2, 3]);
  const batchSize = random.pick([1, 3, 20, 1000]);
  const program = (hasWriter: boolean, hasRelay: boolean): OutboxProgramPlan => ({
    hasWriter,
    hasRelay,
    clock: clockOf(random),
    relay: {
      pollMs: random.pick([50, 500, 2000]),
      batchSize,
      claimSeconds: random.pick([10, 10, 30]),
    },
    producer: {
      ...random.chance(relays === 1 ? 0.8 : 0.3)
        ? { ordered: true }
        : { connections: random.pick([1, 2, 8]) },
      delivery: random.chance(0.6) ? "at-least-once" : "at-most-once",
      connectTimeoutMs: random.pick([1000, 10_000]),
      commandTimeoutMs: random.pick([5000, 60_000]),
      reconnect: {
        initialMs: random.pick([10, 100]),
        maxMs: random.pick([200, 5000]),
        attempts: random.pick([2, 10, Infinity]),
      },
    },
  });
  const programs = Array.from(
    { length: relays },
    () => program(dialect === "sqlite" || random.chance(0.3), true),
  );
  if (!programs.some(({ hasWriter }) => hasWriter)) programs.push(program(true, false));
  return {
    dialect,
    databaseClock: { ...clockOf(random), aheadMs: random.between(-CLOCK_MS, CLOCK_MS) },
    programs,
    everyMs: random.pick([20, 100, 400]),
    strikeEveryMs: random.pick([300, 1500, 5000]),
    isUnique,
  };
}
