import {
  type Attributes,
  type Context,
  context as contexts,
  type ObservableResult,
  type Span,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import { asOutcome } from "../consumer/outcome.ts";
import { afterFailure } from "../consumer/run/failure.ts";
import { elapsedMs, systemClock } from "../internal/clock.ts";
import type { Job } from "../job/job.ts";
import type { ConsumerObserver, ObservedConsumer } from "../producer/producer.ts";
import {
  callerContext,
  errorType,
  failSpan,
  type GaugeName,
  type Instruments,
  operationAttributes,
  placeAttributes,
} from "./instruments.ts";
import { observeProducer } from "./producer.ts";

/** Creates spans and metrics for the jobs of one consumer. */
export function observeConsumer(
  instruments: Instruments,
  { server, wid, figures }: ObservedConsumer,
  relation: "child" | "link",
): ConsumerObserver {
  const place = placeAttributes(server);
  const common = { ...place, ...operationAttributes("process") };

  function begin({ jid, type, queue, custom }: Job, attempt: number) {
    const origin = instruments.origin(custom);
    const sender = trace.getSpanContext(origin);
    const parent = callerContext();
    const span = instruments.tracer.startSpan(
      `process ${queue}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          ...common,
          "messaging.destination.name": queue,
          "messaging.message.id": jid,
          "messaging.client.id": wid,
          "faktory.job.type": type,
          "faktory.job.attempt": attempt,
        },
        links: sender === undefined || relation === "child" ? [] : [{ context: sender }],
      },
      // Keeps the other values that the propagator has found, such as baggage.
      relation === "child" && sender !== undefined ? origin : trace.deleteSpan(parent),
    );
    return { span, inside: trace.setSpan(sender === undefined ? parent : origin, span) };
  }

  return {
    producer: observeProducer(instruments, server),
    async run(job, attempt, next) {
      const attributes = { ...common, "messaging.destination.name": job.queue };
      instruments.consumed.add(1, attributes);
      const { span, inside } = begin(job, attempt);
      const start = elapsedMs(systemClock);
      let ended: { readonly error: unknown } | undefined;
      try {
        return await runInContext(inside, next);
      } catch (error) {
        ended = { error };
        throw error;
      } finally {
        const more = recordOutcome(span, ended);
        const next = ended && afterFailure(job, ended.error);
        if (next !== undefined) {
          span.setAttribute("faktory.job.next", next);
          instruments.failed.add(1, { ...attributes, "faktory.job.next": next });
        }
        const seconds = (elapsedMs(systemClock) - start) / 1000;
        instruments.processDuration.record(seconds, { ...attributes, ...more });
        span.end();
      }
    },
    close: addToGauges(instruments, { ...place, "messaging.client.id": wid }, figures),
  };
}

/** Runs `next` in the context, if the program has registered a context manager. */
function runInContext(inside: Context, next: () => unknown): unknown {
  return contexts.with(inside, next);
}

/** Records the outcome of a run. Only failures are errors. */
function recordOutcome(span: Span, ended: { readonly error: unknown } | undefined): Attributes {
  const error = ended?.error;
  const kind = asOutcome(error)?.kind ?? (ended === undefined ? "done" : "failed");
  span.setAttribute("faktory.job.outcome", kind);
  const isFailure = kind === "failed" || kind === "kill" || kind === "retry";
  if (!isFailure) return { "faktory.job.outcome": kind };
  failSpan(span, error);
  return { "faktory.job.outcome": kind, "error.type": errorType(error) };
}

/** Adds a consumer to the gauges, until the returned function is called. */
function addToGauges(
  { gauges }: Instruments,
  attributes: Attributes,
  figures: ObservedConsumer["figures"],
): () => void {
  const names = Object.keys(gauges) as GaugeName[];
  const callbacks = names.map((name) => {
    const tell = (result: ObservableResult) => result.observe(figures()[name], attributes);
    gauges[name].addCallback(tell);
    return () => gauges[name].removeCallback(tell);
  });
  return () => callbacks.forEach((forget) => forget());
}
