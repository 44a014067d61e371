import { InvalidArgumentError } from "../errors.ts";
import { isListedQueue } from "../job/internal_queues.ts";
import type { Clock } from "../internal/clock.ts";
import { RemoteInspector } from "../inspect/remote.ts";
import type { QueuePage, QueueQuery, QueueSelection, SetSelection } from "../inspect/types.ts";
import type { JobFilter, JobSet } from "../producer/sets.ts";
import type { Producer } from "../producer/producer.ts";
import type { ServerInfo } from "../protocol/server_info.ts";
import { readLatencies } from "../producer/server_stats.ts";
import {
  type CancelledPlace,
  type Inspection,
  type JobAction,
  type QueueAction,
  ServerClosed,
  type ShownQueue,
  type Source,
} from "./source.ts";

/** Time after which the dashboard reports that the server does not respond, in milliseconds. */
const TIMEOUT_MS = 5000;

/** Maximum number of queues in a listing. */
const MAX_QUEUES = 1000;

/** A Faktory server behind a producer. Only an embedded server lists jobs. */
export class ProducerSource implements Source {
  readonly #producer: Producer;
  readonly #clock: Clock;

  constructor(producer: Producer, clock: Clock) {
    this.#producer = producer;
    this.#clock = clock;
  }

  info(): Promise<ServerInfo> {
    return this.#within(this.#producer.info());
  }

  async queues(query: QueueQuery): Promise<QueuePage<ShownQueue>> {
    const inspector = await this.#inspector();
    if (inspector !== undefined) return await this.#within(inspector.queues(query));
    const { name, text = "", order, offset = 0, limit = MAX_QUEUES } = query;
    const { queues } = await this.info();
    const found = Object.entries(queues).filter(([queue]) =>
      name === undefined ? isListedQueue(queue, text) : queue === name
    ).sort(([a, m], [b, n]) => order === "size" && m !== n ? n - m : a < b ? -1 : 1);
    const shown = found.slice(offset, offset + limit);
    const names = shown.map(([name]) => name);
    const latency = await this.#within(readLatencies(this.#producer, names));
    return {
      queues: shown.map(([name, size]) => (
        { name, size, latency: latency.get(name), paused: undefined }
      )),
      total: found.length,
      jobs: found.reduce((sum, [, size]) => sum + size, 0),
    };
  }

  async changeQueue(action: QueueAction, name: string): Promise<undefined> {
    await this.#within(this.#producer.queues[action](name));
  }

  async change(
    action: JobAction,
    selection: SetSelection | QueueSelection,
  ): Promise<number | undefined> {
    const inspector = await this.#inspector();
    if (inspector !== undefined) return await inspector[action](selection);
    if (selection.set === undefined) throw noSet();
    const set: JobSet | undefined = Object.hasOwn(this.#producer.sets, selection.set)
      ? this.#producer.sets[selection.set]
      : undefined;
    if (set === undefined) throw noSet();
    await this.#within(set[action === "retry" ? "requeue" : action](filterOf(selection)));
    return undefined;
  }

  async cancel(jid: string): Promise<CancelledPlace | undefined> {
    const inspector = await this.#inspector();
    if (inspector !== undefined) return await this.#within(inspector.cancel(jid));
    const cancellation = await this.#within(this.#producer.cancel(jid, { waitMs: 0 }));
    return cancellation === "withdrawn" ? "unknown" : "working";
  }

  async inspection(): Promise<Inspection | undefined> {
    const inspector = await this.#inspector();
    if (inspector === undefined) return undefined;
    return {
      jobs: (query) => inspector.jobs(query),
      job: (jid, options) => inspector.job(jid, options),
      attempts: (jid) => inspector.attempts(jid),
      recurring: () => inspector.recurring(),
      count: (selection) => inspector.count(selection),
      change: (action, selection) => inspector[action](selection),
      workers: () => inspector.workers(),
      signal: (wid, state) => inspector.signalWorker(wid, state),
      history: () => inspector.history(),
      batches: () => inspector.batches(),
    };
  }

  /** Not cached: another server may answer after a reconnect. */
  #inspector(): Promise<RemoteInspector | undefined> {
    return this.#within(RemoteInspector.of(this.#producer));
  }

  /** @throws {ServerClosed} If the server does not respond in time. */
  async #within<T>(answer: Promise<T>): Promise<T> {
    let cancel = () => {};
    const timeout = new Promise<never>((_resolve, reject) => {
      const message = "The server does not respond";
      cancel = this.#clock.after(TIMEOUT_MS, () => reject(new ServerClosed(message)));
    });
    try {
      return await Promise.race([answer, timeout]);
    } finally {
      cancel();
    }
  }
}

/** Returns the filter of the protocol for a selection. The protocol takes one filter. */
function filterOf({ jids, type, text, queue, error, all }: SetSelection): JobFilter {
  const filters: JobFilter[] = [
    ...jids === undefined ? [] : [{ jids }],
    ...type === undefined ? [] : [{ type }],
    ...text === undefined ? [] : [{ pattern: `*${text.replace(/[*?[\]\\]/g, "\\$&")}*` }],
    ...all === true ? [{ all } as const] : [],
  ];
  const [filter] = filters;
  if (filter !== undefined && filters.length === 1 && queue === undefined && error === undefined) {
    return filter;
  }
  throw new InvalidArgumentError(
    "INVALID_FILTER",
    "Cannot change jobs by this filter as the server takes one of type, text, ids and all",
  );
}

function noSet(): InvalidArgumentError {
  const message = "Cannot change jobs as the server changes only jobs of the sets";
  return new InvalidArgumentError("INVALID_FILTER", message);
}
