import { parseTimestamp } from "../job/timestamp.ts";
import { type Producer, sendCommand } from "../producer/producer.ts";
import { inspect } from "../protocol/commands/inspect.ts";
import type {
  FindJobOptions,
  JobAttempt,
  JobPage,
  JobPlace,
  JobQuery,
  JobSelection,
  QueuePage,
  QueueQuery,
  ServerBatch,
  ServerHistory,
  ServerJob,
  ServerRecurring,
  ServerWorker,
  SetSelection,
} from "./types.ts";

/** Maximum number of ids in one request. */
const MAX_JIDS = 200;

/** Lists and changes the jobs of an embedded server over a producer's connection. */
export class RemoteInspector {
  readonly #producer: Producer;

  private constructor(producer: Producer) {
    this.#producer = producer;
  }

  /**
   * Creates an inspector of the producer's server. Returns `undefined` if it is not an embedded
   * server: only these can list jobs.
   */
  static async of(producer: Producer): Promise<RemoteInspector | undefined> {
    const probe = await sendCommand(
      producer,
      inspect({ jobs: { set: "dead", limit: 1, maxArgs: 0 } }),
    );
    return probe === undefined ? undefined : new RemoteInspector(producer);
  }

  async jobs(query: JobQuery): Promise<JobPage> {
    const page = await this.#request<JobPage>({ jobs: query });
    return { ...page, next: page.next ?? undefined, jobs: page.jobs.map(reviveJob) };
  }

  async job(jid: string, options: FindJobOptions = {}): Promise<ServerJob | undefined> {
    const job = await this.#request<ServerJob | null>({ job: { jid, ...options } });
    return job === null ? undefined : reviveJob(job);
  }

  retry(jobs: JobSelection): Promise<number> {
    return this.#requestInParts("requeue", jobs);
  }

  kill(jobs: JobSelection): Promise<number> {
    return this.#requestInParts("kill", jobs);
  }

  discard(jobs: JobSelection): Promise<number> {
    return this.#requestInParts("discard", jobs);
  }

  count(jobs: JobSelection): Promise<number> {
    return this.#requestInParts("count", jobs);
  }

  /** Returns the place where the job was; `undefined` if there was nothing to cancel. */
  async cancel(jid: string): Promise<JobPlace | undefined> {
    return await this.#request<JobPlace | null>({ cancel: { jid } }) ?? undefined;
  }

  async attempts(jid: string): Promise<JobAttempt[]> {
    const attempts = await this.#request<JobAttempt[]>({ attempts: { jid } });
    return attempts.map((attempt) => ({
      ...attempt,
      startedAt: parseTimestamp(attempt.startedAt),
      endedAt: new Date(attempt.endedAt),
    }));
  }

  async recurring(): Promise<ServerRecurring[]> {
    const recurring = await this.#request<ServerRecurring[]>({ recurring: true });
    return recurring.map((one) => ({ ...one, next: one.next.map((at) => new Date(at)) }));
  }

  signalWorker(wid: string, state: "quiet" | "terminate"): Promise<boolean> {
    return this.#request({ signal: { wid, state } });
  }

  async history(): Promise<ServerHistory> {
    const { hour, week } = await this.#request<ServerHistory>({ history: true });
    const revivePoints = (points: ServerHistory["hour"]) =>
      points.map((point) => ({ ...point, at: new Date(point.at) }));
    return { hour: revivePoints(hour), week: revivePoints(week) };
  }

  async batches(): Promise<ServerBatch[]> {
    const batches = await this.#request<ServerBatch[]>({ batches: true });
    return batches.map((batch) => ({ ...batch, createdAt: new Date(batch.createdAt) }));
  }

  queues(query: QueueQuery): Promise<QueuePage> {
    return this.#request({ queues: query });
  }

  async workers(): Promise<ServerWorker[]> {
    const workers = await this.#request<ServerWorker[]>({ workers: true });
    return workers.map((worker) => ({
      ...worker,
      since: new Date(worker.since),
      lastBeat: new Date(worker.lastBeat),
      jobs: worker.jobs.map(reviveJob),
    }));
  }

  /** Splits long lists of ids, since a line may have at most 64 KiB. */
  async #requestInParts(request: string, jobs: JobSelection): Promise<number> {
    const isList = Array.isArray(jobs);
    const jids: unknown = isList ? jobs : (jobs as Partial<SetSelection> | null)?.jids;
    if (!Array.isArray(jids) || jids.length <= MAX_JIDS) {
      return await this.#request({ [request]: jobs });
    }
    let sum = 0;
    for (let from = 0; from < jids.length; from += MAX_JIDS) {
      const some = jids.slice(from, from + MAX_JIDS);
      sum += await this.#request<number>({
        [request]: isList ? some : { ...jobs as SetSelection, jids: some },
      });
    }
    return sum;
  }

  async #request<T>(request: object): Promise<T> {
    const reply = await sendCommand(this.#producer, inspect(request));
    return reply?.result as T;
  }
}

/** Revives the times of a job, which are strings in the reply. */
function reviveJob(job: ServerJob): ServerJob {
  const { at, createdAt, enqueuedAt, startedAt, failure, progress } = job;
  return {
    ...job,
    at: parseTimestamp(at),
    createdAt: parseTimestamp(createdAt),
    enqueuedAt: parseTimestamp(enqueuedAt),
    startedAt: parseTimestamp(startedAt),
    progress: progress && { ...progress, updatedAt: parseTimestamp(progress.updatedAt) },
    failure: failure === undefined ? undefined : {
      ...failure,
      failedAt: parseTimestamp(failure.failedAt),
      nextAt: parseTimestamp(failure.nextAt),
    },
  };
}
