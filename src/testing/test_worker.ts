import type { ConsumerInternals } from "../consumer/consumer.ts";
import { Session } from "../consumer/session/session.ts";
import { createJid } from "../job/jid.ts";
import type { Clock } from "../internal/clock.ts";
import type { Producer } from "../producer/producer.ts";
import type { Payload } from "../server/payload.ts";
import type { FakeServer } from "./fake_server.ts";
import { type DrainedJob, RecordingEmitter } from "./recording_emitter.ts";

/** Options of a test worker. */
export interface TestWorkerOptions {
  readonly clock: Clock;
  /** The stored job to run first. @default none */
  readonly first?: Payload | undefined;
  /** The queues to fetch from. */
  readonly queues: readonly string[];
  /** Number of jobs after which to end. */
  readonly maxJobs: number;
  readonly concurrency: number;
  /** Receives the producer of the handlers' contexts. */
  readonly onProducer?: ((producer: Producer) => void) | undefined;
}

/** One connection for FETCH, one for other commands. */
const CONNECTIONS = 2;

/**
 * Runs jobs like a consumer, with its handlers, middleware, time limits and listeners, but over new
 * connections, and until no job is left. The server ends the last FETCH at once, so nothing waits.
 */
export async function runTestWorker(
  server: FakeServer,
  consumer: ConsumerInternals,
  options: TestWorkerOptions,
): Promise<readonly DrainedJob[]> {
  const { clock, first, queues, maxJobs, concurrency, onProducer } = options;
  const { testWorkers } = server.state.context.manager.fetches;
  const { settings, events } = consumer;
  const wid = createJid();
  const recorder = new RecordingEmitter(events);
  let session: Session | undefined;
  let lost: Error | undefined;
  const makePool = await server.makePool((error) => {
    lost = error;
    session?.disconnected(error, undefined);
  });
  testWorkers.set(wid, first);
  try {
    session = await Session.open({
      ...consumer,
      settings: {
        ...{ ...settings, concurrency, connections: CONNECTIONS },
        worker: { ...settings.worker, wid },
      },
      queues,
      events: recorder,
      makePool,
      clock,
      limits: { maxJobs, untilEmpty: true, trustsEmpty: true },
      ignoresLimits: true,
    });
    onProducer?.(session.producer);
    if (lost !== undefined) session.disconnected(lost, undefined);
    await session.report();
    return recorder.runs;
  } finally {
    testWorkers.delete(wid);
  }
}
