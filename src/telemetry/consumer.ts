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
  serverAttributes,
} from "./instruments.ts";
import { observeProducer } from "./producer.ts";

/** Creates spans and metrics for the jobs of one consumer. */
export function observeConsumer(
  instruments: Instruments,
  { server, wid, stats }: ObservedConsumer,
  relation: "child" | "link",
): ConsumerObserver {
  const ofServer = serverAttributes(server);
  const common = { ...ofServer, ...operationAttributes("process") };

  function startSpan({ jid, type, queue, custom }: Job, attempt: number) {
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
    return { span, runContext: trace.setSpan(sender === undefined ? parent : origin, span) };
  }

  return {
    producer: observeProducer(instruments, server),
    async run(job, attempt, next) {
      const attributes = { ...common, "messaging.destination.name": job.queue };
      instruments.consumed.add(1, attributes);
      const { span, runContext } = startSpan(job, attempt);
      const start = elapsedMs(systemClock);
      let failure: { readonly error: unknown } | undefined;
      try {
        return await runInContext(runContext, next);
      } catch (error) {
        failure = { error };
        throw error;
      } finally {
        const outcomeAttributes = recordOutcome(span, failure);
        const nextStep = failure && afterFailure(job, failure.error);
        if (nextStep !== undefined) {
          span.setAttribute("faktory.job.next", nextStep);
          instruments.failed.add(1, { ...attributes, "faktory.job.next": nextStep });
        }
        const seconds = (elapsedMs(systemClock) - start) / 1000;
        instruments.processDuration.record(seconds, { ...attributes, ...outcomeAttributes });
        span.end();
      }
    },
    close: addToGauges(instruments, { ...ofServer, "messaging.client.id": wid }, stats),
  };
}

/** Runs `next` in the context, if the program has registered a context manager. */
function runInContext(runContext: Context, next: () => unknown): unknown {
  return contexts.with(runContext, next);
}

/** Records the outcome of a run. Only failures are errors. */
function recordOutcome(span: Span, failure: { readonly error: unknown } | undefined): Attributes {
  const error = failure?.error;
  const kind = asOutcome(error)?.kind ?? (failure === undefined ? "done" : "failed");
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
  stats: ObservedConsumer["stats"],
): () => void {
  const names = Object.keys(gauges) as GaugeName[];
  const callbacks = names.map((name) => {
    const observe = (result: ObservableResult) => result.observe(stats()[name], attributes);
    gauges[name].addCallback(observe);
    return () => gauges[name].removeCallback(observe);
  });
  return () => callbacks.forEach((removeCallback) => removeCallback());
}
