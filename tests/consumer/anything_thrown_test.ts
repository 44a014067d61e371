import assert from "node:assert/strict";
import { test } from "node:test";
import { Consumer, Discard, type Handler, RetryAfter, Snooze } from "../../mod.ts";
import { jobReply, script } from "./scripted.ts";
import { until } from "./setting.ts";

function revoked(target: object = {}): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function noPrototype(): unknown {
  return new Proxy({}, {
    getPrototypeOf() {
      throw new Error("it has none");
    },
  });
}

function withGetters(target: object, ...names: string[]): unknown {
  for (const name of names) {
    Object.defineProperty(target, name, {
      get() {
        throw new Error(`${name} cannot be read`);
      },
    });
  }
  return target;
}

/** Values to throw or return. Most of them throw when they are inspected. */
const VALUES: Record<string, () => unknown> = {
  "a revoked proxy": () => revoked(),
  "a revoked proxy of a function": () => revoked(() => {}),
  "a revoked proxy of an error": () => revoked(new Error("no")),
  "an object whose prototype cannot be read": () => noPrototype(),
  "an object without a prototype": () => Object.create(null),
  "an error whose properties throw": () =>
    withGetters(new Error("no"), "name", "message", "stack", "code", "cause"),
  "a thenable whose then throws": () => withGetters({}, "then"),
  "an outcome whose properties throw": () => withGetters(new Discard(), "message", "kind"),
  "an outcome with no time": () => Object.assign(new Snooze(1), { seconds: NaN }),
  "an outcome with an endless time": () => Object.assign(new RetryAfter(1), { seconds: Infinity }),
  "an outcome with a time that throws": () => withGetters(new Snooze(1), "seconds"),
  "undefined": () => undefined,
  "null": () => null,
  "a symbol": () => Symbol("no"),
  "a function": () => () => {},
  "a number that is none": () => NaN,
};

const HANDLERS: Record<string, (make: () => unknown) => Handler> = {
  throws: (make) => () => {
    throw make();
  },
  rejects: (make) => () => new Promise((_resolve, reject) => reject(make())),
  "returns": (make) => () => make(),
  resolves: (make) => async () => {
    await undefined;
    return make();
  },
};

for (const [way, handlerOf] of Object.entries(HANDLERS)) {
  for (const inMiddleware of [false, true]) {
    test(`a ${inMiddleware ? "middleware" : "handler"} ${way} anything, and the job's result is reported`, async () => {
      for (const [name, make] of Object.entries(VALUES)) {
        const lines: string[] = [];
        const write = (text: string) => void lines.push(text);
        const { give, stop, commands, consumer } = await script({
          logger: {
            ...{ debug: write, info: write, warn: write, error: write },
          },
          setUp(consumer) {
            const handler = handlerOf(make);
            if (inMiddleware) {
              consumer.use((job, context) => handler(job as never, context));
              consumer.register("x", () => {});
            } else {
              consumer.register("x", handler);
            }
            // A listener may throw the same values.
            consumer.on("start", () => {
              throw make();
            });
          },
        });
        await give(jobReply("jid-jid-1"));
        await until(() => commands.lines.some((line) => /^(ACK|FAIL)/.test(line)));
        assert.deepEqual(consumer.running, [], name);
        const { done, failed, unreported } = await stop();
        assert.deepEqual([done + failed, unreported], [1, []], name);
        assert(lines.includes("a listener threw"), name);
      }
    });
  }
}

test("a second run is possible after one that could not begin", async () => {
  const variables: Record<string, string> = {};
  const consumer = new Consumer({ url: "nonsense://localhost", ...variables });
  const first = await consumer.run().catch((error) => error);
  const second = await consumer.run().catch((error) => error);
  assert.equal(first.code, "INVALID_URL");
  // A new error shows that the options were read again.
  assert.notEqual(first, second);
});
