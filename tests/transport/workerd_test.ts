import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, ConnectError, TlsError } from "../../src/errors.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { runtime } from "../../src/internal/environment.ts";
import {
  makeWorkerdTransport,
  type WorkerdSocket,
  type WorkerdSockets,
  workerdTransport,
} from "../../src/transport/workerd.ts";
import { failure } from "./contract.ts";

/** Returns a module like `cloudflare:sockets`, whose sockets echo. */
function fake(setting: { opened?: Promise<unknown>; startedTls?: Promise<unknown> } = {}) {
  const { opened = Promise.resolve(), startedTls = opened } = setting;
  const calls: unknown[] = [];
  const closed = deferred<void>();
  let closes = 0;
  function socket(opened: Promise<unknown>): WorkerdSocket {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    return {
      readable,
      writable,
      opened,
      closed: closed.promise,
      close() {
        closes++;
        closed.resolve();
        return Promise.resolve();
      },
      startTls(options) {
        calls.push(["startTls", options]);
        return socket(startedTls);
      },
    };
  }
  const module: WorkerdSockets = {
    connect(address, options) {
      calls.push(["connect", address, options]);
      return socket(opened);
    },
  };
  return {
    transport: makeWorkerdTransport(() => Promise.resolve(module)),
    calls,
    get closes() {
      return closes;
    },
    hangUp: () => closed.resolve(),
  };
}

test("it transfers copies of the written bytes in both directions until it is closed", async () => {
  const { transport, calls, closes } = fake();
  const connection = await transport.connect({ hostname: "::1", port: 7419 });
  assert.deepEqual(calls, [[
    "connect",
    { hostname: "[::1]", port: 7419 },
    { secureTransport: "off", allowHalfOpen: false },
  ]]);
  const writer = connection.writable.getWriter();
  const reader = connection.readable.getReader();
  const bytes = Uint8Array.of(1, 2, 3);
  const writing = writer.write(bytes);
  const { value } = await reader.read();
  await writing;
  bytes.fill(0);
  assert.deepEqual([...value!], [1, 2, 3]);
  assert.equal(closes, 0);
  connection.close();
  connection.close();
  await connection.closed;
});

test("it ends when the peer closes", async () => {
  const { transport, hangUp } = fake();
  const connection = await transport.connect({ hostname: "127.0.0.1", port: 1 });
  const reader = connection.readable.getReader();
  hangUp();
  assert.equal((await reader.read()).done, true);
  await connection.closed;
});

test("TLS is on from the start, or started later for another name than the host's", async () => {
  const plain = fake();
  await plain.transport.connect({ hostname: "jobs.example.com", port: 1, tls: {} });
  assert.deepEqual((plain.calls[0] as unknown[])[2], {
    secureTransport: "on",
    allowHalfOpen: false,
  });
  const named = fake();
  await named.transport.connect({
    hostname: "10.0.0.1",
    port: 1,
    tls: { serverName: "jobs.example.com" },
  });
  assert.equal(
    ((named.calls[0] as unknown[])[2] as { secureTransport: string }).secureTransport,
    "starttls",
  );
  assert.deepEqual(named.calls[1], ["startTls", { expectedServerHostname: "jobs.example.com" }]);
});

test("failed connections and failed TLS have different errors, and are closed", async () => {
  const down = Promise.reject(new Error("proxy request failed"));
  down.catch(() => {});
  const refused = fake({ opened: down });
  await assert.rejects(
    refused.transport.connect({ hostname: "127.0.0.1", port: 1 }),
    failure(ConnectError, "CONNECT_FAILED"),
  );
  assert.equal(refused.closes, 1);
  const untrusted = fake({ startedTls: down });
  await assert.rejects(
    untrusted.transport.connect({
      hostname: "10.0.0.1",
      port: 1,
      tls: { serverName: "x.example" },
    }),
    failure(TlsError, "TLS_FAILED"),
  );
});

test("an attempt can be aborted", async () => {
  const setting = fake({ opened: new Promise(() => {}) });
  const stop = new AbortController();
  const connecting = setting.transport.connect({ hostname: "127.0.0.1", port: 1 }, {
    signal: stop.signal,
  });
  const rejected = assert.rejects(connecting, { message: "enough" });
  while (setting.calls.length === 0) await Promise.resolve();
  stop.abort(new Error("enough"));
  await rejected;
  assert.equal(setting.closes, 1);
});

test("options that Workers do not support are refused by name", async () => {
  const { transport, calls } = fake();
  for (
    const tls of [
      { rejectUnauthorized: false },
      { caCerts: ["pem"] },
      { cert: "pem", key: "pem" },
    ]
  ) {
    await assert.rejects(
      transport.connect({ hostname: "x.example", port: 1, tls }),
      failure(ConfigError, "UNSUPPORTED_RUNTIME"),
    );
  }
  assert.deepEqual(calls, []);
});

test("in other runtimes the missing sockets are reported", {
  skip: runtime() === "workerd" ? "these are Workers" : false,
}, async () => {
  await assert.rejects(
    workerdTransport.connect({ hostname: "127.0.0.1", port: 1 }),
    failure(ConfigError, "UNSUPPORTED_RUNTIME"),
  );
});
