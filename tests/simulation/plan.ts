import type { ConsumerLimits } from "../../mod.ts";
import type { ConsumerPlan } from "./consumers.ts";
import type { LinkWeather } from "./link.ts";
import { outboxOf, type OutboxPlan } from "./outbox/plan.ts";
import type { ProducerPlan } from "./producers.ts";
import type { ClockError } from "./process.ts";
import type { Random } from "./random.ts";
import type { StorageKind } from "./result.ts";
import type { SchedulePlan } from "./schedules.ts";
import type { ServerPlan } from "./server_host.ts";

/** The contents of a world, drawn from its seed. */
export interface WorldPlan {
  readonly weather: LinkWeather;
  readonly server: ServerPlan;
  readonly producers: readonly ProducerPlan[];
  readonly consumers: readonly ConsumerPlan[];
  readonly queues: readonly string[];
  readonly storage: StorageKind;
  /** Recurring jobs, if there are any. */
  readonly schedule: SchedulePlan | undefined;
  /** Number of workflows to start. */
  readonly flows: number;
  readonly hasLargeJobs: boolean;
  /** True if some jobs are unique, and some expire (Enterprise). */
  readonly hasTerms: boolean;
  /** Number of batches to open (Enterprise). */
  readonly batches: number;
  /** Mean time between two cancelled jobs, in milliseconds. */
  readonly cancelEveryMs: number | undefined;
  /** The programs that enqueue jobs through an outbox, if there are any. */
  readonly outbox: OutboxPlan | undefined;
  /** Mean time between two faults, in milliseconds. */
  readonly strikeEveryMs: number;
  /** Time for which faults continue after the last job was enqueued, in milliseconds. */
  readonly aftermathMs: number;
}

/** The parts of a plan that are drawn last. */
type Extras = Pick<
  WorldPlan,
  "server" | "consumers" | "hasTerms" | "batches" | "cancelEveryMs" | "outbox"
>;

/** The other parts. */
type Basis =
  & Omit<WorldPlan, keyof Extras>
  & Pick<WorldPlan, "consumers">
  & { readonly server: Omit<ServerPlan, "edition"> };

/**
 * Largest error of a machine's clock, in milliseconds. If the server does not send its own time,
 * delays are off by this error, so it must be shorter than a world.
 */
const FAR_MS = 2 * 3_600_000;

/** Draws the plan of a world. Rare settings are common in some worlds. */
export function planOf(random: Random): WorldPlan {
  const queues = Array.from({ length: random.between(1, 4) }, (_, i) => `q${i}`);
  const producers = Array.from({ length: random.between(1, 4) }, () => producerOf(random));
  const consumers = Array.from({ length: random.between(2, 4) }, () => consumerOf(random, queues));
  // The connections that all processes need at least; they may want more.
  const fewest = producers.length + 2 * consumers.length + 10;
  const basis: Basis = {
    queues,
    schedule: random.chance(0.15) ? scheduleOf(random, queues) : undefined,
    flows: random.chance(0.1) ? random.between(1, 40) : 0,
    hasLargeJobs: random.chance(0.2),
    storage: random.chance(0.5) ? "disk" : "memory",
    weather: weatherOf(random),
    server: {
      clock: clockOf(random),
      fetchWaitMs: random.chance(0.8) ? 2000 : random.between(50, 500),
      hasTinySlices: random.chance(0.2),
      maxConnections: random.chance(0.8) ? 2000 : fewest,
    },
    producers,
    consumers,
    strikeEveryMs: random.pick([60, 200, 1000]),
    aftermathMs: random.pick([0, 10_000, 120_000]),
  };
  // If the load takes long, faults of one producer have effects while it still makes calls.
  const isSlow = !random.chance(0.7);
  return {
    ...basis,
    // There are faults as long as workflows start.
    aftermathMs: Math.max(basis.aftermathMs, basis.flows * FLOW_MS),
    producers: isSlow
      ? producers.map((one) => ({ ...one, everyMs: SLOW_MS, maxOpen: 2000 }))
      : producers,
    ...extrasOf(random, basis),
  };
}

/** Draws the rest of a plan. Drawn last, so that the same seed gives the same basis. */
function extrasOf(random: Random, { server, consumers }: Basis): Extras {
  const isEnterprise = random.chance(0.4);
  const isCancelling = random.chance(0.25);
  return {
    server: { ...server, edition: isEnterprise ? "enterprise" : "free" },
    hasTerms: isEnterprise && random.chance(0.6),
    batches: isEnterprise && random.chance(0.5) ? random.between(1, 40) : 0,
    cancelEveryMs: isCancelling ? random.pick([50, 300, 2000]) : undefined,
    consumers: isCancelling
      ? consumers.map((one) => ({ ...one, options: { ...one.options, cancellation: true } }))
      : consumers,
    outbox: random.chance(0.3)
      ? outboxOf(random, clockOf, isEnterprise && random.chance(0.5))
      : undefined,
  };
}

/** Time for one workflow, in milliseconds. */
const FLOW_MS = 3000;

/** Mean time between calls in a world that takes long, in milliseconds. */
const SLOW_MS = 300;

function weatherOf(random: Random): LinkWeather {
  const minLatencyMs = random.pick([1, 1, 2, 10]);
  return {
    minLatencyMs,
    maxLatencyMs: random.chance(0.5) ? minLatencyMs : minLatencyMs + random.between(1, 30),
    maxChunk: random.chance(0.85) ? 65_536 : random.between(16, 400),
    sendBuffer: random.chance(0.8) ? 65_536 : random.between(1, 2000),
    highWater: random.chance(0.8) ? 65_536 : random.between(1, 2000),
  };
}

function clockOf(random: Random): ClockError {
  const aheadMs = random.chance(0.6)
    ? random.between(-200, 200)
    : random.chance(0.7)
    ? random.between(-90_000, 90_000)
    : random.pick([-FAR_MS, FAR_MS]);
  return { aheadMs, rate: random.chance(0.7) ? 1 : 1 + (random.next() - 0.5) * 1e-3 };
}

function scheduleOf(random: Random, queues: readonly string[]): SchedulePlan {
  return {
    everySeconds: Array.from({ length: random.between(1, 3) }, () => random.pick([5, 10, 60])),
    clocks: Array.from({ length: random.between(1, 3) }, () => clockOf(random)),
    queue: random.pick(queues),
  };
}

function connectionOf(random: Random) {
  return {
    connectTimeoutMs: random.pick([1000, 10_000]),
    commandTimeoutMs: random.pick([5000, 15_000]),
  };
}

function producerOf(random: Random): ProducerPlan {
  const isOrdered = random.chance(0.3);
  return {
    options: {
      ...connectionOf(random),
      ...isOrdered ? { ordered: true } : { connections: random.pick([1, 2, 8]) },
      delivery: random.chance(0.6) ? "at-least-once" : "at-most-once",
      reconnect: random.chance(0.8)
        ? {
          initialMs: random.pick([10, 100]),
          maxMs: random.pick([200, 5000]),
          attempts: random.pick([10, Infinity, Infinity, Infinity]),
        }
        : { attempts: random.between(0, 2) },
      maxWaiting: random.chance(0.8) ? 10_000 : random.between(1, 50),
    },
    clock: clockOf(random),
    everyMs: random.pick([10, 50, 200]),
    maxOpen: random.pick([50, 500, 2000]),
  };
}

function limitsOf(random: Random, queues: readonly string[]): ConsumerLimits {
  if (random.chance(0.6)) return {};
  return {
    perSecond: random.chance(0.3) ? random.between(20, 200) : undefined,
    queues: { [random.pick(queues)]: { concurrency: random.between(1, 10) } },
  };
}

function consumerOf(random: Random, queues: readonly string[]): ConsumerPlan {
  const concurrency = random.pick([1, 4, 10, 40, 100]);
  const isWeighted = random.chance(0.4);
  return {
    options: {
      ...connectionOf(random),
      concurrency,
      connections: random.pick([2, 3, 16]),
      reconnect: { initialMs: random.pick([10, 100]), maxMs: random.pick([200, 5000]) },
      queues: isWeighted
        ? Object.fromEntries(queues.map((queue) => [queue, random.between(1, 5)]))
        : [...queues],
      limits: limitsOf(random, queues),
      hostname: "simulated",
    },
    clock: clockOf(random),
    many: { size: random.between(1, 20), waitMs: random.pick([1, 20, 500]) },
  };
}
