import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtime } from "../../src/internal/environment.ts";

const program = fileURLToPath(new URL("../fixtures/telemetry/program.ts", import.meta.url));

const skip = runtime() !== "deno"
  ? "only Deno has a built-in exporter"
  : !existsSync(program) && "the program to run is not part of this build";

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
  readonly attributes: readonly Attribute[];
}

/** Starts a collector that records OTLP in JSON over HTTP. */
async function startCollector() {
  const spans: Span[] = [];
  const metrics = new Set<string>();
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      for (const { scopeSpans } of body.resourceSpans ?? []) {
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      for (const { scopeMetrics } of body.resourceMetrics ?? []) {
        for (const scope of scopeMetrics) {
          for (const { name } of scope.metrics) metrics.add(name);
        }
      }
      response.setHeader("content-type", "application/json").end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    spans,
    metrics,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("Deno exports everything with OTEL_DENO", { skip }, async () => {
  await using collector = await startCollector();
  const child = spawn(process.execPath, ["run", "-A", program], {
    stdio: "inherit",
    env: {
      ...process.env,
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
  });
  // Everything is exported before the process exits.
  assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
  const named = (name: string) => collector.spans.find((span) => span.name === name);
  const [send, process_] = [named("send images"), named("process images")];
  assert.deepEqual([send?.kind, process_?.kind], [4, 5]);
  assert.equal(process_?.traceId, send?.traceId);
  assert.equal(process_?.parentSpanId, send?.spanId);
  const system = send?.attributes.find(({ key }) => key === "messaging.system");
  assert.equal(system?.value.stringValue, "faktory");
  for (const name of ["messaging.client.sent.messages", "messaging.process.duration"]) {
    assert.ok(collector.metrics.has(name), name);
  }
});
