import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { defineJobs, job, Producer } from "../../mod.ts";
import { Outbox, type QueryFunction } from "../../src/outbox/mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { statements } from "../../src/outbox/statements.ts";
import { serverError } from "../../src/protocol/server_errors.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { FakeFaktory } from "../../src/testing/mod.ts";
import { type Driver, drivers, openSqlite, type TestDatabase } from "./databases.ts";
import { turn } from "../faults/wall_clock.ts";
import { noSqlite } from "../server/data.ts";
import { SimulatedDatabase } from "../simulation/outbox/database.ts";
import { SimulatedProcess } from "../simulation/process.ts";
import { Random } from "../simulation/random.ts";
import { Timeline } from "../simulation/timeline.ts";
import { PostgresServer } from "./postgres_server.ts";

const AT = new Date("2999-01-01T00:00:00Z");

let postgres: PostgresServer | undefined;

before(async () => {
  if (drivers.some(({ dialect, skip }) => dialect === "postgres" && skip === false)) {
    postgres = await PostgresServer.start();
  }
});

after(() => postgres?.stop());

let tables = 0;

/** Calls `use` with a database, an empty outbox in it, and a Faktory. */
async function withOutbox(
  driver: Driver,
  use: (parts: {
    db: TestDatabase;
    outbox: Outbox;
    table: string;
    faktory: FakeFaktory;
    rows: () => Promise<Record<string, unknown>[]>;
  }) => Promise<void>,
): Promise<void> {
  const db = driver.open(postgres);
  const table = `outbox_${++tables}`;
  const outbox = new Outbox({ table });
  try {
    await outbox.createTable(db.database);
    await using faktory = await FakeFaktory.start();
    const rows = async () =>
      [...await db.query(`SELECT * FROM ${table} ORDER BY id`, [])] as Record<string, unknown>[];
    await use({ db, outbox, table, faktory, rows });
  } finally {
    await db.close();
  }
}

/** Returns a relay that does nothing until `drain` is called. */
function idle(outbox: Outbox, database: TestDatabase["database"], faktory: FakeFaktory) {
  return outbox.relay(database, faktory.producer, { clock: new ManualClock() });
}

for (const driver of drivers) {
  describe(`an outbox with ${driver.name}`, { skip: driver.skip }, () => {
    it("enqueues the jobs of a committed transaction in the order of insertion", () =>
      withOutbox(driver, async ({ db, outbox, faktory, rows }) => {
        let jids: string[] = [];
        await db.transaction(async (tx) => {
          jids = await outbox.insert(tx, [
            { type: "welcome", args: ["Ada 🎩 \u0000 \" ' \\ \u2028", { deep: [1.5, null] }] },
            {
              type: "later",
              queue: "slow",
              retry: 3,
              at: AT,
              reserveFor: 60,
              backtrace: 5,
              custom: { a: 1 },
              jid: "chosen-by-us",
            },
          ]);
        });
        assert.equal(jids[1], "chosen-by-us");
        assert.equal((await rows()).length, 2);
        await using relay = idle(outbox, db.database, faktory);
        assert.deepEqual(await relay.drain(), { pushed: 2, rejected: 0 });
        const [welcome, later] = faktory.jobs;
        assert.equal(welcome!.jid, jids[0]);
        assert.deepEqual(welcome!.args, ["Ada 🎩 \u0000 \" ' \\ \u2028", { deep: [1.5, null] }]);
        const { queue, retry, at, reserveFor, backtrace, custom, jid } = later!;
        assert.deepEqual({ queue, retry, at, reserveFor, backtrace, custom, jid }, {
          ...{ queue: "slow", retry: 3, at: AT, reserveFor: 60, backtrace: 5 },
          ...{ custom: { a: 1 }, jid: "chosen-by-us" },
        });
        assert.deepEqual(await rows(), []);
      }));

    it("enqueues nothing of a transaction that is rolled back", () =>
      withOutbox(driver, async ({ db, outbox, faktory }) => {
        const fault = new Error("rolled back");
        await assert.rejects(
          db.transaction(async (tx) => {
            await outbox.insert(tx, [{ type: "never" }]);
            throw fault;
          }),
          fault,
        );
        await using relay = idle(outbox, db.database, faktory);
        assert.deepEqual(await relay.drain(), { pushed: 0, rejected: 0 });
        assert.equal(faktory.jobs.length, 0);
      }));

    it("keeps the order of insertion, and several relays take each job once", () =>
      withOutbox(driver, async ({ db, outbox, faktory, rows }) => {
        const jobs = Array.from({ length: 2500 }, (_, i) => ({ type: "many", args: [i] }));
        await outbox.insert(db.database, jobs);
        await using alone = idle(outbox, db.database, faktory);
        await alone.drain();
        assert.deepEqual(faktory.jobs.map(({ args }) => args[0]), jobs.map(({ args }) => args[0]));
        faktory.clear();

        await outbox.insert(db.database, jobs);
        const relays = [1, 2, 3].map(() =>
          outbox.relay(db.database, faktory.producer, { clock: new ManualClock(), batchSize: 100 })
        );
        const reports = await Promise.all(relays.map((relay) => relay.drain()));
        await Promise.all(relays.map((relay) => relay.stop()));
        assert.equal(reports.reduce((sum, { pushed }) => sum + pushed, 0), 2500);
        assert.equal(new Set(faktory.jobs.map(({ jid }) => jid)).size, 2500);
        assert.equal(faktory.jobs.length, 2500);
        assert.deepEqual(await rows(), []);
      }));

    it("loses nothing when a relay dies between any two commands", () =>
      withOutbox(driver, async ({ db, outbox, table, faktory, rows }) => {
        const dead = new Error("the process is dead");
        // Claim, push, remove: the relay dies before the claim, after it, after the push, or after
        // the removal.
        for (const [statements, pushes, times] of [[0, 0, 1], [1, 0, 1], [1, 1, 2], [2, 1, 1]]) {
          let left = statements!;
          const query: QueryFunction = (sql, params) =>
            left-- > 0 ? db.query(sql, params) : Promise.reject(dead);
          const mortal = new Outbox({ table, dialect: driver.dialect });
          await using producer = await Producer.connect(faktory.connection);
          producer.use((_job, next) => pushes === 0 ? Promise.reject(dead) : next());
          await outbox.insert(db.database, [{ type: "survivor" }]);
          const clock = new ManualClock();
          const relay = mortal.relay(query, producer, { clock });
          await relay.drain().catch(() => {});
          const stopped = relay.stop();
          // It tries to delete the rows of pushed jobs until its time is over.
          clock.advance(25_000);
          await stopped;

          const claims = (await rows()).map((row) => row.claimed_by !== null);
          assert.deepEqual(claims, statements === 2 ? [] : [statements === 1]);
          await using next = idle(outbox, db.database, faktory);
          assert.equal((await next.drain()).pushed, statements === 0 ? 1 : 0, "claimed still");
          // The claim expires.
          const past = driver.dialect === "postgres" ? "now() - interval '1 second'" : "1";
          await db.query(`UPDATE ${table} SET claimed_until = ${past}`, []);
          await next.drain();
          assert.equal(faktory.jobs.length, times, `dead after ${statements} statements`);
          assert.equal(new Set(faktory.jobs.map(({ jid }) => jid)).size, 1);
          assert.deepEqual(await rows(), []);
          faktory.clear();
        }
      }));

    it("loses nothing when a relay dies after any statement, beside invalid jobs", () =>
      withOutbox(driver, async ({ db, outbox, table, faktory, rows }) => {
        const dead = new Error("the process is dead");
        await using producer = await Producer.connect({
          ...faktory.connection,
          jobs: defineJobs({ good: job() }),
        });
        let deaths = 0;
        for (let statements = 0, isDead = true; isDead; statements++) {
          isDead = false;
          let left = statements;
          const query: QueryFunction = (sql, params) => {
            if (left-- > 0) return db.query(sql, params);
            isDead = true;
            return Promise.reject(dead);
          };
          const mortal = new Outbox({ table, dialect: driver.dialect });
          const [jid] = await outbox.insert(db.database, [{ type: "good" }, { type: "unknown" }]);
          const clock = new ManualClock();
          const relay = mortal.relay(query, producer, { clock });
          await relay.drain().catch(() => {});
          const stopped = relay.stop();
          // It tries to delete the rows of pushed jobs until its time is over.
          clock.advance(25_000);
          await stopped;
          if (isDead) deaths++;

          // The claim expires.
          const past = driver.dialect === "postgres" ? "now() - interval '1 second'" : "1";
          await db.query(`UPDATE ${table} SET claimed_until = ${past}`, []);
          await using next = outbox.relay(db.database, producer, { clock: new ManualClock() });
          await next.drain();
          assert.deepEqual([...new Set(faktory.jobs.map(({ jid }) => jid))], [jid]);
          assert.deepEqual((await rows()).map(({ error }) => String(error).split(":")[0]), [
            "INVALID_TYPE",
          ]);
          await db.query(`DELETE FROM ${table}`, []);
          faktory.clear();
        }
        assert.equal(deaths, 4, "before the claim, the refusal, the removal, the next claim");
      }));

    it("keeps refused jobs with the reason, and enqueues the others", () =>
      withOutbox(driver, async ({ db, outbox, table, faktory, rows }) => {
        await outbox.insert(db.database, [{ type: "good" }, { type: "unknown" }]);
        await db.query(`INSERT INTO ${table} (jid, job) VALUES ('x', '{"no":"job"}')`, []);
        await using producer = await Producer.connect({
          ...faktory.connection,
          jobs: defineJobs({ good: job() }),
        });
        const refused: string[] = [];
        await using relay = outbox.relay(db.database, producer, { clock: new ManualClock() });
        relay.on("reject", ({ error }) => refused.push(error.code));
        assert.deepEqual(await relay.drain(), { pushed: 1, rejected: 2 });
        assert.deepEqual(refused.sort(), ["INVALID_TYPE", "PROTOCOL_VIOLATION"]);
        assert.deepEqual((await rows()).map(({ error }) => String(error).split(":")[0]), [
          "INVALID_TYPE",
          "PROTOCOL_VIOLATION",
        ]);
        assert.deepEqual(await relay.drain(), { pushed: 1, rejected: 2 });

        // Somebody has fixed the cause.
        await db.query(`UPDATE ${table} SET error = NULL WHERE jid <> 'x'`, []);
        await using other = idle(outbox, db.database, faktory);
        assert.deepEqual(await other.drain(), { pushed: 1, rejected: 0 });
      }));

    it("pushes a job again if the server's store was too slow", () =>
      withOutbox(driver, async ({ db, outbox, faktory, rows }) => {
        const [slow] = await outbox.insert(db.database, [{ type: "slow" }, { type: "quick" }]);
        let isFirst = true;
        const enqueueMany: Producer["enqueueMany"] = async (jobs, options) => {
          const result = await faktory.producer.enqueueMany(jobs, options);
          // The server stores the jobs of a PUSHB one by one.
          const failed = new Map(
            isFirst ? [[slow!, serverError("context deadline exceeded")]] : [],
          );
          isFirst = false;
          return { ...result, failed };
        };
        const producer = { enqueueMany } as Producer;
        await using relay = outbox.relay(db.database, producer, { clock: new ManualClock() });
        // The relay's own first check may have failed before.
        await relay.drain().catch(() => {});
        assert.deepEqual(await relay.drain(), { pushed: 2, rejected: 0 });
        assert.deepEqual(await rows(), []);
      }));

    it("releases rows when Faktory cannot be reached, with an event", () =>
      withOutbox(driver, async ({ db, outbox, faktory, rows }) => {
        await using down = await FakeFaktory.start();
        const producer = await Producer.connect({ ...down.connection, reconnect: false });
        await producer.close();
        await outbox.insert(db.database, [{ type: "patient" }]);
        await using relay = outbox.relay(db.database, producer, { clock: new ManualClock() });
        await assert.rejects(relay.drain(), { code: "CLOSED" });
        assert.equal((await rows()).length, 1);
        await using next = idle(outbox, db.database, faktory);
        assert.deepEqual(await next.drain(), { pushed: 1, rejected: 0 });
      }));

    it("polls, and checks at once when it is woken", () =>
      withOutbox(driver, async ({ db, outbox, faktory }) => {
        const clock = new ManualClock();
        let sleeps = () => {};
        const sleeping = () => new Promise<void>((resolve) => sleeps = resolve);
        const watched = {
          now: () => clock.now(),
          after(ms: number, callback: () => void) {
            const cancel = clock.after(ms, callback);
            if (ms === 1000) sleeps();
            return cancel;
          },
        };
        let asleep = sleeping();
        await using relay = outbox.relay(db.database, faktory.producer, {
          clock: watched,
          pollMs: 1000,
        });
        const next = () => new Promise((resolve) => relay.on("push", resolve));
        await asleep;
        let pushed = next();
        await outbox.insert(db.database, [{ type: "polled" }]);
        asleep = sleeping();
        clock.advance(1000);
        assert.deepEqual(await pushed, { count: 1 });

        await asleep;
        pushed = next();
        await outbox.insert(db.database, [{ type: "woken" }]);
        relay.wake();
        assert.deepEqual(await pushed, { count: 1 });
      }));

    it("does not push jobs again because a statement fails after the push", () =>
      withOutbox(driver, async ({ db, table, faktory, rows }) => {
        const outbox = new Outbox({ table, dialect: driver.dialect });
        const failures = ["before", "after", "before"];
        const query: QueryFunction = async (sql, params) => {
          const failure = /^DELETE|item/.test(sql) ? failures.pop() : undefined;
          if (failure === "before") throw new Error("connection lost");
          const result = await db.query(sql, params);
          if (failure === "after") throw new Error("connection lost");
          return result;
        };
        await outbox.insert(db.database, [{ type: "good" }, { type: "unknown" }]);
        await using producer = await Producer.connect({
          ...faktory.connection,
          jobs: defineJobs({ good: job() }),
        });
        const refused: string[] = [];
        await using relay = outbox.relay(query, producer, { clock: new ManualClock() });
        relay.on("reject", ({ error }) => refused.push(error.code));
        for (let tries = 0; tries < 5; tries++) await relay.drain().catch(() => {});
        assert.deepEqual(await relay.drain(), { pushed: 1, rejected: 1 });
        assert.equal(faktory.jobs.length, 1);
        assert.deepEqual(refused, ["INVALID_TYPE"]);
        assert.equal((await rows()).length, 1);
      }));

    it("executes its statements as the database of the simulation does", () =>
      withOutbox(driver, async ({ db, table, rows }) => {
        const process = new SimulatedProcess("database", new Timeline());
        const random = new Random(7);
        const simulated = new SimulatedDatabase(process, random, {
          ...{ inserted() {}, committed() {}, rolledBack() {} },
        });
        const all = statements(driver.dialect, table);
        for (let step = 0; step < 200; step++) {
          const ids = Array.from({ length: 3 }, () => String(random.between(1, 40)));
          const name = random.pick(["a", "b"]);
          const [sql, params] = random.pick<[string, unknown[]]>([
            [all.insert, [JSON.stringify(ids.map((id) => ({ jid: `${step}-${id}`, job: "{}" })))]],
            // Their claims have expired, or last.
            [all.claim, [name, random.pick([-10, 1000]), random.between(1, 5)]],
            [all.extend, [name, random.pick([-10, 1000]), JSON.stringify(ids)]],
            [all.release, [name, JSON.stringify(ids)]],
            [all.remove, [JSON.stringify(ids)]],
            [all.reject, [JSON.stringify(ids.map((id) => ({ id, error: `E${step}` })))]],
          ]);
          const tx = simulated.begin(process);
          const { done, value } = simulated.execute(tx, sql, params).next();
          assert(done);
          simulated.commit(tx);
          const returned = await db.query(sql, params) as { id: unknown }[];
          const sorted = (list: readonly { id: unknown }[]) =>
            list.map(({ id }) => Number(id)).sort((a, b) => a - b);
          assert.deepEqual(sorted(returned), sorted(value as { id: unknown }[]), sql);
          assert.deepEqual(
            (await rows()).map((row) => [
              ...[Number(row.id), row.jid, row.claimed_by, row.claimed_until === null, row.error],
            ]),
            simulated.rows.map((row) => [
              ...[row.id, row.jid, row.claimedBy, row.claimedUntil === null, row.error],
            ]),
            sql,
          );
        }
      }));

    it("passes jobs behind those that the server refuses, with batches of one", () =>
      withOutbox(driver, async ({ db, outbox, faktory, rows }) => {
        const enqueueMany: Producer["enqueueMany"] = async (jobs, options) => {
          const all = [...jobs as Iterable<{ jid: string; type: string }>];
          const good = all.filter(({ type }) => type === "good");
          const { enqueued } = await faktory.producer.enqueueMany(good, options);
          const bad = all.filter(({ type }) => type !== "good");
          return { enqueued, failed: new Map(bad.map(({ jid }) => [jid, serverError("ERR bad")])) };
        };
        await outbox.insert(db.database, [{ type: "bad" }, { type: "bad" }, { type: "good" }]);
        await using relay = outbox.relay(db.database, { enqueueMany } as Producer, {
          clock: new ManualClock(),
          batchSize: 1,
        });
        for (let tries = 0; tries < 5; tries++) await relay.drain().catch(() => {});
        assert.deepEqual(await relay.drain(), { pushed: 1, rejected: 2 });
        assert.equal((await rows()).length, 2);
      }));

    it("ends a stop in its time if the database does not answer, and writes nothing later", () =>
      withOutbox(driver, async ({ db, table, faktory, rows }) => {
        const outbox = new Outbox({ table, dialect: driver.dialect });
        const clock = new ManualClock();
        let statements = 0;
        let enter = () => {};
        let answer = () => {};
        const entered = new Promise<void>((resolve) => enter = resolve);
        const answered = new Promise<void>((resolve) => answer = resolve);
        const query: QueryFunction = async (sql, params) => {
          statements++;
          enter();
          await answered;
          return await db.query(sql, params);
        };
        await outbox.insert(db.database, [{ type: "late" }]);
        const relay = outbox.relay(query, faktory.producer, { clock });
        await entered;
        const stopping = relay.stop({ timeoutMs: 5000 });
        clock.advance(5000);
        assert.deepEqual(await stopping, { pushed: 0, rejected: 0 });
        answer();
        // The relay gets its rows after the stop.
        while ((await rows())[0]?.claimed_by === null);
        await rows();
        assert.equal(statements, 1);
        assert.equal(faktory.jobs.length, 0);
      }));

    it("extends its claim while Faktory is slow, and a stop ends that", () =>
      withOutbox(driver, async ({ db, table, faktory, rows }) => {
        const clock = new ManualClock();
        let extended = () => {};
        const extending = new Promise<void>((resolve) => extended = resolve);
        const outbox = new Outbox({ table, dialect: driver.dialect });
        const query: QueryFunction = async (sql, params) => {
          const result = await db.query(sql, params);
          if (/claimed_until = .*WHERE claimed_by/s.test(sql)) extended();
          return result;
        };
        await outbox.insert(db.database, [{ type: "slow" }]);
        await using producer = await Producer.connect(faktory.connection);
        const entered = new Promise<void>((resolve) =>
          producer.use(() => {
            resolve();
            return new Promise(() => {});
          })
        );
        const relay = outbox.relay(query, producer, { clock });
        await entered;
        clock.advance(10_000);
        await extending;
        const stopping = relay.stop({ timeoutMs: 5000 });
        clock.advance(5000);
        assert.deepEqual(await stopping, { pushed: 0, rejected: 0 });
        assert.equal((await rows()).length, 1);
      }));
  });
}

describe("an outbox", () => {
  it("refuses invalid options", async () => {
    const code = { name: "ConfigError", code: "INVALID_OPTION" };
    assert.throws(() => new Outbox({ table: 'jobs"; DROP TABLE users' }), code);
    assert.throws(() => new Outbox({ dialect: "mysql" as "sqlite" }), code);
    const outbox = new Outbox();
    await assert.rejects(outbox.createTable({} as never), {
      ...code,
      message: /^Cannot use the database as it is neither one of pg, postgres, node:sqlite/,
    });
    await assert.rejects(outbox.createTable(() => Promise.resolve([])), {
      ...code,
      message: /without the option dialect/,
    });
    await assert.rejects(outbox.insert(() => Promise.reject(), "jobs" as never), code);
    assert.throws(() => outbox.insertSync({ query() {} } as never, []), {
      code: "INVALID_ARGUMENT",
    });
    assert.match(outbox.tableSql("postgres"), /^CREATE TABLE IF NOT EXISTS "faktory_outbox"/);
    assert.match(new Outbox({ table: "app.jobs" }).tableSql("sqlite"), /EXISTS "app"\."jobs"/);
  });

  it("validates and completes jobs by the catalogue before the insertion", {
    skip: noSqlite,
  }, async () => {
    const db = openSqlite();
    const slow = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) => Promise.resolve({ value: value as string[] }),
      },
    };
    const outbox = new Outbox({
      jobs: defineJobs({ mail: job<[string]>({ queue: "mail", retry: 2 }), slow: job(slow) }),
    });
    await outbox.createTable(db);
    const bad = [{ type: "mail", args: ["a"] }, { type: "mial", args: ["b"] }] as never;
    await assert.rejects(outbox.insert(db, bad), { path: "jobs[1].type", code: "INVALID_TYPE" });
    assert.throws(() => outbox.insertSync(db, bad), { code: "INVALID_TYPE" });
    assert.throws(() => outbox.insertSync(db, [{ type: "slow", args: [] }]), {
      code: "INVALID_ARGUMENT",
    });
    outbox.insertSync(db, [{ type: "mail", args: ["a"] }]);
    await outbox.insert(db, [{ type: "slow", args: [] }]);
    await outbox.insert(db, []);
    const jobs = db.prepare("SELECT job FROM faktory_outbox").all() as { job: string }[];
    assert.deepEqual(jobs.map(({ job }) => JSON.parse(job).queue), ["mail", "default"]);
    db.close();
  });

  it("starts no timer after a stop that gave up", async () => {
    await using faktory = await FakeFaktory.start();
    const clock = new ManualClock();
    const [deletion, begun] = [deferred<object[]>(), deferred<void>()];
    const job = '{"jid":"12345678","jobtype":"late","args":[],"queue":"default"}';
    let statements = 0;
    const query: QueryFunction = (sql) => {
      if (statements++ === 0) return Promise.resolve([{ id: 1, job }]);
      assert.match(sql, /^DELETE/);
      if (statements === 2) return Promise.reject(new Error("connection lost"));
      begun.resolve();
      return deletion.promise;
    };
    const relay = new Outbox({ dialect: "postgres" }).relay(query, faktory.producer, { clock });
    await new Promise((resolve) => relay.on("error", resolve));
    const stopping = relay.stop({ timeoutMs: 5000 });
    await begun.promise;
    clock.advance(5000);
    await stopping;
    deletion.reject(new Error("connection lost"));
    await turn();
    assert.equal(clock.pending, 0);
  });

  it("does not delete rows in a transaction that is open on its own connection", {
    skip: noSqlite,
  }, async () => {
    const sqlite = openSqlite();
    let isTransaction = false;
    const db = {
      prepare: (sql: string) => sqlite.prepare(sql),
      get isTransaction() {
        return isTransaction;
      },
    };
    const outbox = new Outbox();
    await outbox.createTable(db);
    await using faktory = await FakeFaktory.start();
    await outbox.insert(db, [{ type: "early" }]);
    const enqueueMany: Producer["enqueueMany"] = async (jobs, options) => {
      const result = await faktory.producer.enqueueMany(jobs, options);
      // The program begins a transaction while the relay pushes.
      sqlite.exec("BEGIN");
      isTransaction = true;
      return result;
    };
    await using relay = outbox.relay(db, { enqueueMany } as Producer, { clock: new ManualClock() });
    await relay.drain();
    sqlite.exec("ROLLBACK");
    isTransaction = false;
    assert.deepEqual(await relay.drain(), { pushed: 1, rejected: 0 });
    assert.deepEqual(sqlite.prepare("SELECT * FROM faktory_outbox").all(), []);
    assert.equal(faktory.jobs.length, 1);
  });

  it("does not read from a transaction that is open on its own connection", {
    skip: noSqlite ||
      (openSqlite() as { isTransaction?: boolean }).isTransaction === undefined &&
        "this runtime's node:sqlite does not tell whether a transaction is open",
  }, async () => {
    const db = openSqlite();
    const outbox = new Outbox();
    await outbox.createTable(db);
    await using faktory = await FakeFaktory.start();
    await using relay = idle(outbox, db, faktory);
    db.exec("BEGIN");
    outbox.insertSync(db, [{ type: "early" }]);
    assert.equal((await relay.drain()).pushed, 0);
    db.exec("COMMIT");
    assert.equal((await relay.drain()).pushed, 1);
  });
});
