import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerError } from "../../mod.ts";
import { Fetcher, type FetcherParts } from "../../src/consumer/fetch/fetcher.ts";
import { ManualClock } from "../../src/server/mod.ts";

test("no more jobs are fetched than can run, even if a FETCH makes another one be sent", () => {
  let sent = 0;
  let isRejected = false;
  const connection = { inFlight: 0, partial: 0, connection: { send: () => sent++ } };
  const parts = {
    connections: {
      all: [connection],
      onGrown() {},
      sendHeld() {},
      forFetch() {
        // A result that was held for this FETCH is too late: its run ends, and a slot is free.
        if (!isRejected) {
          isRejected = true;
          fetcher.fetchMore();
        }
        return connection;
      },
    },
    selector: { next: () => ({ isWhole: true }), sent() {} },
    runs: { wanted: 3 },
    limits: {},
  };
  const context = { monotonic: new ManualClock(), phase: "running" };
  const fetcher = new Fetcher(
    context as unknown as ConstructorParameters<typeof Fetcher>[0],
    parts as unknown as FetcherParts,
  );
  fetcher.fetchMore();
  assert.equal(sent, 3);
  assert.equal(fetcher.inFlight, 3);
});

test("a FETCH that is refused on a connection that was replaced starts no timer", () => {
  for (const isReplaced of [false, true]) {
    const sent: { reject(error: unknown): void }[] = [];
    const connection = {
      ...{ inFlight: 0, incomplete: 0 },
      connection: { send: (request: typeof sent[0]) => sent.push(request) },
    };
    const connections = {
      ...{ all: [connection], onGrown() {}, sendHeld() {} },
      forFetch: () => connections.all[0],
    };
    const clock = new ManualClock();
    const context = { monotonic: clock, phase: "running", advance() {}, events: { emit() {} } };
    const fetcher = new Fetcher(
      context as unknown as ConstructorParameters<typeof Fetcher>[0],
      {
        connections,
        selector: { next: () => ({ isComplete: true }), sent() {}, answered() {} },
        runs: { wanted: 1 },
        limits: {},
      } as unknown as FetcherParts,
    );
    fetcher.fetchMore();
    if (isReplaced) connections.all = [];
    sent[0]!.reject(new ServerError("ERR not now"));
    assert.equal(clock.pending, isReplaced ? 0 : 1);
  }
});
