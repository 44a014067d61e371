import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ConfigError,
  InvalidArgumentError,
  InvalidJobError,
  Job,
  type JobInput,
  NotUniqueError,
  PasswordlessProducer,
  Producer,
  type ProducerOptions,
  ServerError,
} from "../../src/edge/mod.ts";
import * as whole from "../../mod.ts";
import { bulk, jobsOf, scripted, ScriptedServer } from "./setting.ts";

for (const Class of [Producer, PasswordlessProducer]) {
  describe(Class.name, () => {
    it("sends a single job as PUSHB, with its number of retries", async () => {
      const { peer, producer } = await scripted(Class);
      const enqueuing = producer.enqueue("resize", ["cat.png", 320], { queue: "images" });
      await peer.received(1);
      const [job, ...others] = jobsOf(peer.lines[0]);
      assert.equal(others.length, 0);
      const { jid, created_at, ...rest } = job!;
      assert.deepEqual(rest, {
        jobtype: "resize",
        args: ["cat.png", 320],
        queue: "images",
        retry: 25,
      });
      assert.equal(typeof created_at, "string");
      peer.say(bulk({}));
      assert.equal(await enqueuing, jid);
      await producer.close();
    });

    it("accepts a Job, a plain object, or a type alone", async () => {
      const { peer, producer } = await scripted(Class);
      const job = new Job("a", [1], { retry: 3 });
      const calls = [
        producer.enqueue(job),
        producer.enqueue({ type: "b", jid: "my-own-jid" }),
        producer.enqueue("c"),
      ];
      await peer.received(3);
      peer.say(bulk({}).repeat(3));
      const jids = await Promise.all(calls);
      assert.deepEqual(jids.slice(0, 2), [job.jid, "my-own-jid"]);
      const sent = peer.lines.map((line) => jobsOf(line)[0]!);
      assert.deepEqual(sent.map((one) => one["jobtype"]), ["a", "b", "c"]);
      assert.deepEqual(sent.map((one) => one["retry"]), [3, 25, 25]);
      await producer.close();
    });

    it("matches the replies of concurrent calls in order", async () => {
      const { server, peer, producer } = await scripted(Class);
      const { writes } = peer;
      const calls = Array.from({ length: 100 }, (_, i) => producer.enqueue("x", [i]));
      await peer.received(100);
      assert.equal(peer.writes, writes + 1, "they go out together");
      const jids = peer.lines.map((line) => jobsOf(line)[0]!["jid"] as string);
      assert.deepEqual(
        peer.lines.map((line) => jobsOf(line)[0]!["args"]),
        calls.map((_, i) => [i]),
      );
      peer.say(
        jids.map((jid, i) => {
          if (i === 7) return bulk({ [jid]: "jobs must have a jobtype parameter" });
          return i === 8 ? "-ERR internal error\r\n" : bulk({});
        }).join(""),
      );
      const ends = await Promise.allSettled(calls);
      const refused = ends.flatMap((end, i) => end.status === "rejected" ? [[i, end.reason]] : []);
      assert.deepEqual(refused.map(([i, error]) => [i, error.reply]), [
        [7, "jobs must have a jobtype parameter"],
        [8, "ERR internal error"],
      ]);
      for (const [, error] of refused) assert(error instanceof ServerError);
      ends.forEach((end, i) => {
        if (end.status === "fulfilled") assert.equal(end.value, jids[i]);
      });
      assert.equal(server.peers.length, 1);
      await producer.close();
    });

    it("reports a unique job that exists already", async () => {
      const { peer, producer } = await scripted(Class);
      const enqueuing = producer.enqueue("x", [], {
        jid: "twice-over",
        custom: { unique_for: 60 },
      });
      await peer.received(1);
      peer.say(bulk({ "twice-over": "NOTUNIQUE Job not unique" }));
      await assert.rejects(enqueuing, (error) => {
        assert(error instanceof NotUniqueError);
        assert.equal(error.code, "NOT_UNIQUE");
        return true;
      });
      await producer.close();
    });

    it("refuses an invalid job before anything is sent", async () => {
      const { peer, producer } = await scripted(Class);
      const invalid: [JobInput | string, readonly unknown[] | undefined, string, string][] = [
        ["x", [1n], "INVALID_ARGS", "args[0]"],
        ["", [], "INVALID_TYPE", "type"],
        [{ type: "x", queue: "a b" }, undefined, "INVALID_QUEUE", "queue"],
        [{ type: "x", retry: 1.5 }, undefined, "INVALID_RETRY", "retry"],
        [{ jobtype: "x" } as unknown as JobInput, undefined, "INVALID_JOB", "jobtype"],
        [undefined as unknown as JobInput, undefined, "INVALID_JOB", ""],
      ];
      for (const [job, args, code, path] of invalid) {
        await assert.rejects(
          typeof job === "string" ? producer.enqueue(job, args) : producer.enqueue(job),
          (error) => {
            assert(error instanceof InvalidJobError);
            assert.deepEqual([error.code, error.path], [code, path]);
            return true;
          },
        );
      }
      assert.deepEqual(peer.lines, []);
      await producer.close();
    });
  });
}

describe("enqueueMany", () => {
  it("sends up to 1000 jobs per command, and reports each refused or invalid job", async () => {
    const { peer, producer } = await scripted();
    const jobs = Array.from({ length: 2500 }, (_, i): JobInput => ({
      type: "x",
      args: [i === 1500 ? undefined : i],
      jid: `job-${i}-of-many`,
    }));
    const enqueuing = producer.enqueueMany(jobs);
    const sizes: number[] = [];
    for (let command = 1; command <= 3; command++) {
      await peer.received(command);
      sizes.push(jobsOf(peer.lines[command - 1]).length);
      peer.say(bulk(command === 2 ? { "job-1001-of-many": "NOTUNIQUE Job not unique" } : {}));
    }
    const { enqueued, failed } = await enqueuing;
    assert.deepEqual(sizes, [1000, 1000, 499]);
    assert.equal(enqueued.length, 2498);
    assert.deepEqual([...failed.keys()].sort(), ["job-1001-of-many", "job-1500-of-many"]);
    assert(failed.get("job-1001-of-many") instanceof NotUniqueError);
    const invalid = failed.get("job-1500-of-many");
    assert(invalid instanceof InvalidJobError);
    assert.equal(invalid.path, "jobs[1500].args[0]");
    await producer.close();
  });

  it("sends fewer jobs per command if they are large", async () => {
    const { peer, producer } = await scripted();
    const text = "x".repeat(300_000);
    const jobs = Array.from({ length: 5 }, () => ({ type: "x", args: [text] }));
    const enqueuing = producer.enqueueMany(jobs);
    await peer.received(1);
    peer.say(bulk({}));
    await peer.received(2);
    peer.say(bulk({}));
    assert.deepEqual(peer.lines.map((line) => jobsOf(line).length), [4, 1]);
    assert.equal((await enqueuing).enqueued.length, 5);
    await producer.close();
  });

  it("accepts an async source and an empty one", async () => {
    const { peer, producer } = await scripted();
    const { enqueued, failed } = await producer.enqueueMany([]);
    assert.deepEqual([enqueued, failed.size, peer.lines], [[], 0, []]);
    async function* source() {
      yield { type: "a" };
      await Promise.resolve();
      yield new Job("b", [1]);
    }
    const enqueuing = producer.enqueueMany(source());
    await peer.received(1);
    assert.deepEqual(jobsOf(peer.lines[0]).map((job) => job["jobtype"]), ["a", "b"]);
    peer.say(bulk({}));
    assert.equal((await enqueuing).enqueued.length, 2);
    await producer.close();
  });

  it("rejects a source that is not iterable, and a source that throws", async () => {
    const { producer } = await scripted();
    for (const source of ["text", 5, null, undefined, {}]) {
      await assert.rejects(producer.enqueueMany(source as unknown as JobInput[]), (error) => {
        assert(error instanceof InvalidArgumentError);
        return true;
      });
    }
    const broken = new Error("broken");
    // deno-lint-ignore require-yield
    function* source(): Generator<JobInput> {
      throw broken;
    }
    await assert.rejects(producer.enqueueMany(source()), (error) => error === broken);
    await producer.close();
  });
});

describe("options", () => {
  it("are refused if they are unknown or of the wrong type", async () => {
    const { options } = new ScriptedServer();
    const wrong: Record<string, unknown>[] = [
      { tls: true },
      { reconnect: false },
      { jobs: {} },
      { url: undefined },
      { url: 7419 },
      { password: 5 },
      { transport: {} },
      { transport: null },
      { connectTimeoutMs: 0 },
      { commandTimeoutMs: "1" },
    ];
    for (const one of wrong) {
      await assert.rejects(
        Producer.connect({ ...options, ...one } as unknown as ProducerOptions),
        (error) => {
          assert(error instanceof ConfigError, String(error));
          assert.equal(error.code, "INVALID_OPTION");
          assert(error.message.includes(Object.keys(one)[0]!), error.message);
          return true;
        },
      );
    }
  });

  it("refuse the same URLs as the package's producer, without showing the password", async () => {
    const { options } = new ScriptedServer();
    const urls = [
      ...[
        "",
        "localhost",
        "http://localhost",
        "tcp://",
        "tcp://a b",
        "tcp://host:0",
        "tcp://h:1/x",
      ],
      ...[
        "tcp://:hunter2@host/path",
        "tcp://:hunter%zz@host",
        "tcp://:hunter2?x@host",
        "tcp://[x]",
      ],
    ];
    for (const url of urls) {
      for (const connect of [Producer.connect, whole.Producer.connect]) {
        await assert.rejects(connect({ ...options, url }), (error) => {
          assert(error instanceof ConfigError, url);
          assert.equal(error.code, "INVALID_URL");
          assert(!error.message.includes("hunter"), error.message);
          return true;
        });
      }
    }
  });

  it("pass host, port and TLS to the transport", async () => {
    const targets: unknown[] = [];
    const transport = {
      name: "noting",
      connect(target: unknown) {
        targets.push(target);
        return Promise.reject(new whole.ConnectError("CONNECT_FAILED", "no"));
      },
    };
    for (const url of ["tcp://[::1]", new URL("tcp+tls://jobs.example.com:7420")]) {
      await assert.rejects(Producer.connect({ url, transport }), { code: "CONNECT_FAILED" });
    }
    assert.deepEqual(targets, [
      { hostname: "::1", port: 7419, tls: undefined },
      { hostname: "jobs.example.com", port: 7420, tls: {} },
    ]);
  });

  it("name the missing module where there are no Workers sockets", async () => {
    await assert.rejects(Producer.connect({ url: "tcp://127.0.0.1:1" }), {
      code: "UNSUPPORTED_RUNTIME",
    });
  });
});

describe("a password", () => {
  const GREETING = '+HI {"v":2,"i":1545,"s":"55104dc76695721d"}\r\n';

  it("is hashed as the server asks, from the option or from the URL", async () => {
    for (
      const options of [
        { password: "foobar" },
        { url: "tcp://:foobar@memory" },
        { url: "tcp://:other@memory", password: "foobar" },
      ]
    ) {
      const server = new ScriptedServer();
      const connecting = Producer.connect({ ...server.options, ...options });
      const peer = await server.peer(0);
      peer.say(GREETING);
      await peer.received(1);
      assert.deepEqual(JSON.parse(peer.lines[0]!.slice("HELLO ".length)), {
        v: 2,
        pwdhash: "6d877f8e5544b1f2598768f817413ab8a357afffa924dedae99eb91472d4ec30",
      });
      peer.say("+OK\r\n");
      await (await connecting).close();
    }
  });

  it("that is missing or wrong is reported by its code, and the connection is closed", async () => {
    const missing = new ScriptedServer();
    const without = Producer.connect(missing.options);
    (await missing.peer(0)).say(GREETING);
    await assert.rejects(without, { name: "AuthenticationError", code: "PASSWORD_REQUIRED" });
    const wrong = new ScriptedServer();
    const connecting = Producer.connect({ ...wrong.options, password: "shut" });
    const peer = await wrong.peer(0);
    peer.say(GREETING);
    await peer.received(1);
    peer.say("-ERR Invalid password\r\n");
    await assert.rejects(connecting, { name: "AuthenticationError", code: "PASSWORD_REFUSED" });
    for (const { clock, peers } of [missing, wrong]) {
      assert.deepEqual([peers[0]!.isClosed, clock.pending], [true, 0]);
    }
  });

  it("is refused by the producer without passwords", async () => {
    const { options, peers } = new ScriptedServer();
    for (const more of [{ password: "x" }, { url: "tcp://:x@memory" }]) {
      await assert.rejects(PasswordlessProducer.connect({ ...options, ...more }), {
        code: "INVALID_OPTION",
      });
    }
    assert.equal(peers.length, 0);
    const server = new ScriptedServer();
    const connecting = PasswordlessProducer.connect(server.options);
    (await server.peer(0)).say(GREETING);
    await assert.rejects(connecting, { code: "PASSWORD_REQUIRED" });
  });

  it("is not hashed an unlimited number of times", async () => {
    const server = new ScriptedServer();
    const connecting = Producer.connect({ ...server.options, password: "x" });
    (await server.peer(0)).say('+HI {"v":2,"i":1000000000,"s":"a"}\r\n');
    await assert.rejects(connecting, { name: "VersionError", code: "HANDSHAKE_REFUSED" });
  });
});

it("exports the classes of the package, not copies", () => {
  assert.equal(InvalidJobError, whole.InvalidJobError);
  assert.equal(Job, whole.Job);
});
