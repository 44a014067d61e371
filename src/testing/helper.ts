import type { ConsumerInsides } from "../consumer/consumer.ts";
import { Session } from "../consumer/session/session.ts";
import { createJid } from "../job/jid.ts";
import type { Clock } from "../internal/clock.ts";
import type { Producer } from "../producer/producer.ts";
import type { Payload } from "../server/payload.ts";
import type { FakeServer } from "./fake_server.ts";
import { type DrainedJob, Tap } from "./tap.ts";

/** What a helper is to do. */
export interface HelperOptions {
  readonly clock: Clock;
  /** The job to begin with, as the server keeps it. @default none */
  readonly first?: Payload | undefined;
  /** The queues to take jobs from. */
  readonly queues: readonly string[];
  /** Ends after so many. */
  readonly maxJobs: number;
  readonly concurrency: number;
  /** Is given the producer of handlers' contexts. */
  readonly adopt?: ((producer: Producer) => void) | undefined;
}

/** One connection of each kind. */
const CONNECTIONS = 2;

/**
 * Runs jobs as a consumer would, its handlers, middleware, time limits and listeners included, but
 * over connections of its own, and until nothing is left: the server tells it so, so that it need
 * not wait.
 */
export async function help(
  server: FakeServer,
  consumer: ConsumerInsides,
  options: HelperOptions,
): Promise<readonly DrainedJob[]> {
  const { clock, first, queues, maxJobs, concurrency, adopt } = options;
  const { testWorkers: helpers } = server.core.context.manager;
  const { settings, events } = consumer;
  const wid = createJid();
  const tap = new Tap(events);
  let session: Session | undefined;
  let lost: Error | undefined;
  const makePool = await server.makePool((error) => {
    lost = error;
    session?.disconnected(error, undefined);
  });
  helpers.set(wid, first);
  try {
    session = await Session.open({
      ...consumer,
      settings: {
        ...{ ...settings, concurrency, connections: CONNECTIONS },
        worker: { ...settings.worker, wid },
      },
      queues,
      events: tap,
      makePool,
      clock,
      limits: { maxJobs, untilEmpty: true, trustsEmpty: true },
      ignoresLimits: true,
    });
    adopt?.(session.producer);
    if (lost !== undefined) session.disconnected(lost, undefined);
    await session.report();
    return tap.runs;
  } finally {
    helpers.delete(wid);
  }
}
