import { type Attributes, type Span, SpanKind, trace } from "@opentelemetry/api";
import { elapsedMs, systemClock } from "../internal/clock.ts";
import type { JobInput } from "../job/job.ts";
import { DEFAULT_QUEUE } from "../job/queue_name.ts";
import { isPlainObject } from "../job/encode.ts";
import { withCustom } from "../job/with_custom.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import type { ProducerObserver, ServerAddress } from "../producer/producer.ts";
import {
  callerContext,
  errorType,
  failSpan,
  type Instruments,
  operationAttributes,
  serverAttributes,
} from "./instruments.ts";

/**
 * Marks a job in its `custom` that is covered by the span of its `enqueueMany`. A symbol never
 * appears in the job's JSON.
 */
const COVERED = Symbol("covered by a span");

/** Set if the call failed. */
type Failure = { readonly error: unknown } | undefined;

/** Creates spans and metrics for the jobs of one producer. */
export function observeProducer(instruments: Instruments, server: ServerAddress): ProducerObserver {
  const common = { ...serverAttributes(server), ...operationAttributes("send") };

  return {
    async enqueue(job, next) {
      const attributes = { ...common, "messaging.destination.name": queueOf(job) };
      const call = isCovered(job)
        ? undefined
        : new TimedSpan(instruments, spanNameOf(job), attributes);
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
      const summary = new CallSummary();
      let failure: Failure;
      try {
        const result = await send(
          withTrace(jobs, { ...call.traceFields, [COVERED]: true }, summary),
        );
        failure = firstError(result);
        call.span.setAttribute("faktory.batch.failed_count", result.failed.size);
        return result;
      } catch (error) {
        failure = { error };
        throw error;
      } finally {
        call.recordSummary(summary);
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
  recordSummary({ jobs, queue }: CallSummary): void {
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

/** The number and the queue of a call's jobs, collected while they are sent. */
class CallSummary {
  jobs = 0;
  /** The queue, if all jobs go to the same one. */
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

function spanNameOf(job: JobInput): string {
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
function withTraceFields(job: JobInput, fields: Readonly<Record<string, unknown>>): JobInput {
  const custom: unknown = (job as JobInput | null)?.custom ?? {};
  return isPlainObject(custom) ? withCustom(job, fields) : job;
}

/**
 * Adds the trace fields to all jobs of a source, keeping its kind. Ignores an invalid source, which
 * is rejected elsewhere.
 */
function withTrace(
  jobs: JobSource,
  fields: Readonly<Record<string, unknown>>,
  summary: CallSummary,
): JobSource {
  const withFields = (job: JobInput): JobInput => {
    summary.add(queueOf(job));
    return withTraceFields(job, fields);
  };
  if (typeof jobs !== "object" || jobs === null) return jobs;
  if (Symbol.iterator in jobs) return mapJobs(jobs, withFields);
  return Symbol.asyncIterator in jobs ? mapJobsAsync(jobs, withFields) : jobs;
}

function* mapJobs<T>(source: Iterable<T>, make: (one: T) => T): Generator<T> {
  for (const one of source) yield make(one);
}

async function* mapJobsAsync<T>(source: AsyncIterable<T>, make: (one: T) => T): AsyncGenerator<T> {
  for await (const one of source) yield make(one);
}
