import {
  type Context,
  createTraceState,
  isSpanContextValid,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";

const TRACEPARENT = "traceparent";
const TRACESTATE = "tracestate";

/** Version, trace, span and flags. An unknown version may have more fields. */
const PATTERN = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * W3C trace context, as in OpenTelemetry's core package, which would otherwise be needed only for
 * this.
 */
export class TraceContext implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = trace.getSpanContext(context);
    if (span === undefined || !isSpanContextValid(span)) return;
    const flags = span.traceFlags.toString(16).padStart(2, "0");
    setter.set(carrier, TRACEPARENT, `00-${span.traceId}-${span.spanId}-${flags}`);
    const state = span.traceState?.serialize();
    if (state) setter.set(carrier, TRACESTATE, state);
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const [, version, traceId = "", spanId = "", flags = ""] =
      PATTERN.exec(textOf(getter.get(carrier, TRACEPARENT)) ?? "") ?? [];
    // Version 00 has no further fields.
    if (version === "00" && textOf(getter.get(carrier, TRACEPARENT))?.length !== 55) return context;
    const traceFlags = parseInt(flags, 16) & 1;
    const state = textOf(getter.get(carrier, TRACESTATE));
    const span = {
      ...{ traceId, spanId, traceFlags, isRemote: true },
      ...state !== undefined && { traceState: createTraceState(state) },
    };
    return isSpanContextValid(span) ? trace.setSpanContext(context, span) : context;
  }

  fields(): string[] {
    return [TRACEPARENT, TRACESTATE];
  }
}

function textOf(value: undefined | string | string[]): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
