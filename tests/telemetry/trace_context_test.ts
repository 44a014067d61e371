import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createTraceState,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  trace,
} from "@opentelemetry/api";
import { TraceContext } from "../../src/telemetry/trace_context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const context = new TraceContext();

function extract(traceparent: unknown, tracestate?: unknown) {
  const carrier = { traceparent, tracestate };
  return trace.getSpanContext(context.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter));
}

test("a written context can be read", () => {
  const traceState = createTraceState("vendor=1,other=2");
  for (const traceFlags of [0, 1]) {
    const carrier: Record<string, string> = {};
    const given = { traceId, spanId, traceFlags, traceState };
    context.inject(trace.setSpanContext(ROOT_CONTEXT, given), carrier, defaultTextMapSetter);
    assert.equal(carrier["traceparent"], `00-${traceId}-${spanId}-0${traceFlags}`);
    const read = extract(carrier["traceparent"], carrier["tracestate"]);
    assert.deepEqual([read?.traceId, read?.spanId, read?.traceFlags], [
      traceId,
      spanId,
      traceFlags,
    ]);
    assert.equal(read?.traceState?.serialize(), "vendor=1,other=2");
    assert.equal(read?.isRemote, true);
  }
});

test("nothing is written without a span", () => {
  const carrier = {};
  context.inject(ROOT_CONTEXT, carrier, defaultTextMapSetter);
  assert.deepEqual(carrier, {});
  assert.deepEqual(context.fields(), ["traceparent", "tracestate"]);
});

test("an invalid trace context is ignored, and later versions are read as far as known", () => {
  for (
    const text of [
      ...[undefined, "", "x", 7, `ff-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01-more`],
      ...[`00-${traceId}-${spanId}`, `00-${"0".repeat(32)}-${spanId}-01`],
      ...[`00-${traceId.toUpperCase()}-${spanId}-01`, `00-${traceId}-${"0".repeat(16)}-01`],
      `0-${traceId}-${spanId}-01`,
    ]
  ) {
    assert.equal(extract(text), undefined, String(text));
  }
  assert.equal(extract(`cc-${traceId}-${spanId}-03-more`)?.traceFlags, 1);
  assert.equal(extract([`00-${traceId}-${spanId}-01`])?.spanId, spanId);
});
