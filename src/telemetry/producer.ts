import { type Attributes, type Span, SpanKind, trace } from "@opentelemetry/api";
import { elapsedMs, systemClock } from "../internal/clock.ts";
import type { JobInput } from "../job/job.ts";
import { DEFAULT_QUEUE } from "../job/queue_name.ts";
import { isPlainObject } from "../job/encode.ts";
import { withCustom } from "../job/with_custom.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import type { ProducerObserver, ServerPlace } from "../producer/producer.ts";
import {
  callerContext,
  errorType,
  failSpan,
  type Instruments,
  operationAttributes,
  placeAttributes,
} from "./instruments.ts";

/**
 * Marks a job in its `custom` that is covered by the span of its `enqueueMany`. A symbol never
 * appears in the job's JSON.
 */
const COVERED = Symbol("covered by a span");

/** Set if the call failed. */
type Failure = { readonly error: unknown } | undefined;

/** Creates spans and metrics for the jobs of one producer. */
export function observeProducer(instruments: Instruments, server: ServerPlace): ProducerObserver {
  const common = { ...placeAttributes(server), ...operationAttributes("send") };

  return {
    async enqueue(job, next) {
      const attributes = { ...common, "messaging.destination.name": queueOf(job) };
      const call = isCovered(job) ? undefined : new TimedSpan(instruments, nameOf(job), attributes);
      let failure: Failure;
      try {
        const jid = await next(call === undefined ? job : withTraceFields(job, call.traceFields));
        call?.span.setAttributes({ "messaging.message.id": jid, "faktory.job.type": job.type });
        return jid;
      } catch (error) {
        failure = { error };
        throw error;
      } finally {
        instruments.sent.add(1, withError(attributes, failure));
        call?.end(failure);
      }
    },

    async enqueueMany(jobs, send) {
      const call = new TimedSpan(instruments, "send", common);
      const seen = new CallJobs();
      let failure: Failure;
      try {
        const result = await send(withTrace(jobs, { ...call.traceFields, [COVERED]: true }, seen));
        failure = firstError(result);
        call.span.setAttribute("faktory.batch.failed_count", result.failed.size);
        return result;
      } catch (error) {
        failure = { error };
        throw error;
      } finally {
        call.recordJobs(seen);
        call.end(failure);
      }
    },
  };
}

/** A span with its duration. */
class TimedSpan {
  readonly span: Span;
  /** The trace fields for the jobs. */
  readonly traceFields: Readonly<Record<string, string>>;
  readonly #instruments: Instruments;
  #attributes: Attributes;
  readonly #start = elapsedMs(systemClock);

  constructor(instruments: Instruments, name: string, attributes: Attributes) {
    const parent = callerContext();
    this.#instruments = instruments;
    this.#attributes = attributes;
    this.span = instruments.tracer.startSpan(
      name,
      { kind: SpanKind.PRODUCER, attributes },
      parent,
    );
    this.traceFields = instruments.traceFields(trace.setSpan(parent, this.span));
  }

  /** Records the jobs of the call. */
  recordJobs({ jobs, queue }: CallJobs): void {
    this.span.setAttribute("messaging.batch.message_count", jobs);
    if (queue === undefined) return;
    this.#attributes = { ...this.#attributes, "messaging.destination.name": queue };
    this.span.updateName(`send ${queue}`).setAttribute("messaging.destination.name", queue);
  }

  end(failure: Failure): void {
    const seconds = (elapsedMs(systemClock) - this.#start) / 1000;
    if (failure !== undefined) failSpan(this.span, failure.error);
    this.#instruments.operationDuration.record(seconds, withError(this.#attributes, failure));
    this.span.end();
  }
}

/** The jobs of a call. */
class CallJobs {
  jobs = 0;
  /** The queue that they all go to. */
  queue: string | undefined;

  add(queue: string): void {
    this.queue = this.jobs++ === 0 || queue === this.queue ? queue : undefined;
  }
}

function withError(attributes: Attributes, failure: Failure): Attributes {
  if (failure === undefined) return attributes;
  return { ...attributes, "error.type": errorType(failure.error) };
}

/** Returns the error of the first failed job. */
function firstError({ failed }: EnqueueManyResult): Failure {
  const [error] = failed.values();
  return error === undefined ? undefined : { error };
}

function nameOf(job: JobInput): string {
  return `send ${queueOf(job)}`;
}

/** Ignores invalid jobs, which are rejected elsewhere. */
function queueOf(job: JobInput | null): string {
  return typeof job?.queue === "string" ? job.queue : DEFAULT_QUEUE;
}

function isCovered(job: JobInput | null): boolean {
  const custom: unknown = job?.custom;
  return typeof custom === "object" && custom !== null && COVERED in custom;
}

/** Adds fields to the job's `custom`, unless that is invalid. */
function withTraceFields(job: JobInput, carried: Readonly<Record<string, unknown>>): JobInput {
  const custom: unknown = (job as JobInput | null)?.custom ?? {};
  return isPlainObject(custom) ? withCustom(job, carried) : job;
}

/**
 * Adds the trace fields to all jobs of a source, keeping its kind. Ignores an invalid source, which
 * is rejected elsewhere.
 */
function withTrace(
  jobs: JobSource,
  carried: Readonly<Record<string, unknown>>,
  seen: CallJobs,
): JobSource {
  const made = (job: JobInput): JobInput => {
    seen.add(queueOf(job));
    return withTraceFields(job, carried);
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
