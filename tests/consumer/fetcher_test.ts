import assert from "node:assert/strict";
import { test } from "node:test";
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
