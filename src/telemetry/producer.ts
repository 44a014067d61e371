import { type Attributes, type Span, SpanKind, trace } from "@opentelemetry/api";
import { elapsedMs, systemClock } from "../internal/clock.ts";
import type { JobInput } from "../job/job.ts";
import { DEFAULT_QUEUE } from "../job/queue_name.ts";
import { isPlainObject } from "../job/encode.ts";
import { withCustom } from "../job/with_custom.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import type { ProducerObserver, ServerPlace } from "../producer/producer.ts";
import {
  errorType,
  failSpan,
  here,
  type Instruments,
  operationAttributes,
  placeAttributes,
} from "./instruments.ts";

/**
 * In the `custom` of a job that a span of its `enqueueMany` stands for; as a symbol it never gets
 * into the job's JSON.
 */
const COVERED = Symbol("covered by a span");

/** There where something went wrong. */
type Failure = { readonly error: unknown } | undefined;

/** Makes spans and metrics of the jobs that go through one producer. */
export function observeProducer(instruments: Instruments, server: ServerPlace): ProducerObserver {
  const common = { ...placeAttributes(server), ...operationAttributes("send") };

  return {
    async enqueue(job, next) {
      const attributes = { ...common, "messaging.destination.name": queueOf(job) };
      const call = isCovered(job) ? undefined : new Call(instruments, nameOf(job), attributes);
      let failure: Failure;
      try {
        const jid = await next(call === undefined ? job : carrying(job, call.carried));
        call?.span.setAttributes({ "messaging.message.id": jid, "faktory.job.type": job.type });
        return jid;
      } catch (error) {
        failure = { error };
        throw error;
      } finally {
        instruments.sent.add(1, failed(attributes, failure));
        call?.end(failure);
      }
    },

    async enqueueMany(jobs, send) {
      const call = new Call(instruments, "send", common);
      const seen = new Seen();
      let failure: Failure;
      try {
        const result = await send(all(jobs, { ...call.carried, [COVERED]: true }, seen));
        failure = firstOf(result);
        call.span.setAttribute("faktory.batch.failed_count", result.failed.size);
        return result;
      } catch (error) {
        failure = { error };
        throw error;
      } finally {
        call.tell(seen);
        call.end(failure);
      }
    },
  };
}

/** A span, and how long it takes. */
class Call {
  readonly span: Span;
  /** What jobs are to carry of it. */
  readonly carried: Readonly<Record<string, string>>;
  readonly #instruments: Instruments;
  #attributes: Attributes;
  readonly #start = elapsedMs(systemClock);

  constructor(instruments: Instruments, name: string, attributes: Attributes) {
    const parent = here();
    this.#instruments = instruments;
    this.#attributes = attributes;
    this.span = instruments.tracer.startSpan(
      name,
      { kind: SpanKind.PRODUCER, attributes },
      parent,
    );
    this.carried = instruments.carried(trace.setSpan(parent, this.span));
  }

  /** Says which jobs it was. */
  tell({ jobs, queue }: Seen): void {
    this.span.setAttribute("messaging.batch.message_count", jobs);
    if (queue === undefined) return;
    this.#attributes = { ...this.#attributes, "messaging.destination.name": queue };
    this.span.updateName(`send ${queue}`).setAttribute("messaging.destination.name", queue);
  }

  end(failure: Failure): void {
    const seconds = (elapsedMs(systemClock) - this.#start) / 1000;
    if (failure !== undefined) failSpan(this.span, failure.error);
    this.#instruments.operationDuration.record(seconds, failed(this.#attributes, failure));
    this.span.end();
  }
}

/** The jobs of a call. */
class Seen {
  jobs = 0;
  /** The queue that they all go to. */
  queue: string | undefined;

  add(queue: string): void {
    this.queue = this.jobs++ === 0 || queue === this.queue ? queue : undefined;
  }
}

function failed(attributes: Attributes, failure: Failure): Attributes {
  if (failure === undefined) return attributes;
  return { ...attributes, "error.type": errorType(failure.error) };
}

/** Why the first of those jobs was refused that were. */
function firstOf({ failed }: EnqueueManyResult): Failure {
  const [error] = failed.values();
  return error === undefined ? undefined : { error };
}

function nameOf(job: JobInput): string {
  return `send ${queueOf(job)}`;
}

/** What is no job at all is for others to refuse. */
function queueOf(job: JobInput | null): string {
  return typeof job?.queue === "string" ? job.queue : DEFAULT_QUEUE;
}

function isCovered(job: JobInput | null): boolean {
  const custom: unknown = job?.custom;
  return typeof custom === "object" && custom !== null && COVERED in custom;
}

/** The job with more in its `custom`, unless that is none. */
function carrying(job: JobInput, carried: Readonly<Record<string, unknown>>): JobInput {
  const custom: unknown = (job as JobInput | null)?.custom ?? {};
  return isPlainObject(custom) ? withCustom(job, carried) : job;
}

/**
 * The jobs of a source, as it is one, with what they are to carry; what is none is for others to
 * refuse.
 */
function all(
  jobs: JobSource,
  carried: Readonly<Record<string, unknown>>,
  seen: Seen,
): JobSource {
  const made = (job: JobInput): JobInput => {
    seen.add(queueOf(job));
    return carrying(job, carried);
  };
  if (typeof jobs !== "object" || jobs === null) return jobs;
  if (Symbol.iterator in jobs) return mapped(jobs, made);
  return Symbol.asyncIterator in jobs ? mappedAsync(jobs, made) : jobs;
}

function* mapped<T>(source: Iterable<T>, make: (one: T) => T): Generator<T> {
  for (const one of source) yield make(one);
}

async function* mappedAsync<T>(source: AsyncIterable<T>, make: (one: T) => T): AsyncGenerator<T> {
  for await (const one of source) yield make(one);
}
