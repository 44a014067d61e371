import { test } from "node:test";
import fc from "fast-check";
import { parameters } from "../properties.ts";
import { type Action, Model, type Setting } from "./model.ts";

const send = fc.record({
  do: fc.constant("send" as const),
  resend: fc.constantFrom("safe" as const, "once" as const, "never" as const),
  signal: fc.boolean(),
  within: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.nat(1500)),
}).map(({ within, ...rest }): Action => within === undefined ? rest : { ...rest, within });

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 8, arbitrary: send },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("reply" as const),
      count: fc.integer({ min: 1, max: 3 }),
      refuses: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("abort" as const), which: fc.nat(5) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(50, 100, 400, 1000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("cut" as const, "reset" as const) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("half" as const, "too many" as const, "shutdown" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("garbage" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("silence" as const, "speak" as const) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("hold" as const, "release" as const) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("refuse" as const),
      final: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("heal" as const) }) },
);

const setting: fc.Arbitrary<Setting> = fc.record({
  delivery: fc.constantFrom("at-least-once" as const, "at-most-once" as const),
  attempts: fc.constantFrom(Infinity, Infinity, 3, 0),
  steps: fc.array(fc.record({ action, turns: fc.constantFrom(80, 80, 80, 0, 1, 2, 4, 8, 16) }), {
    minLength: 1,
    maxLength: 30,
  }),
});

test("any sequence of events on a connection gives the results of its model", async () => {
  await fc.assert(fc.asyncProperty(setting, (all) => new Model(all).run()), {
    ...parameters("lives of a connection", 2000),
    includeErrorInReport: true,
  });
});
