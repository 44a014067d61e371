import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConsumerEvents } from "../../mod.ts";
import { OutageReminder } from "../../src/consumer/outage_reminder.ts";
import { Emitter } from "../../src/events.ts";
import { ManualClock } from "../../src/server/mod.ts";

test("the event outage repeats every minute until the outage or the attempts end", () => {
  const clock = new ManualClock();
  const events = new Emitter<ConsumerEvents>();
  const reminders: number[] = [];
  events.on("outage", ({ outageMs }) => void reminders.push(outageMs));
  const reminder = new OutageReminder(events, clock);
  const error = new Error("lost");
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds; i++) clock.advance(1000);
  };
  reminder.begin({ error, connections: 1, retryInMs: 100 });
  pass(150);
  assert.deepEqual(reminders, [60_000, 120_000]);
  reminder.end();
  pass(150);
  reminder.begin({ error, connections: 1, retryInMs: 100 });
  pass(60);
  reminder.begin({ error, connections: 1, retryInMs: undefined });
  pass(150);
  assert.deepEqual(reminders, [60_000, 120_000, 60_000]);
});
