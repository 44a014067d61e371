import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ConfigError } from "../../src/errors.ts";
import { type Deferred, deferred } from "../../src/internal/deferred.ts";
import type { LogStore } from "../../src/server/store/log_store.ts";
import { openLog } from "../../src/server/store/open_log.ts";
import { parameters, randomFrom } from "../properties.ts";
import { act, type Action, action, Model } from "../server/log_model.ts";
import { type DiskChances, type DiskClock, SimulatedDisk } from "./disk.ts";
import { type DiskProcess, ProcessDied } from "./disk_process.ts";

/** Small sizes, so that segments are often created and removed. */
const SIZES = { segment: 2000, free: 6000 };

/** Maximum size of all files of such a log, in bytes. */
const MAX_BYTES = 40_000;

const died = Symbol();

/** A clock whose timers fire at once. */
const atOnce: DiskClock = {
  after(_ms, callback) {
    queueMicrotask(callback);
    return () => {};
  },
};

/** A log on a simulated disk, whose process is killed and whose machine loses its power. */
class SimulatedLog {
  readonly #random: () => number;
  readonly #disk: SimulatedDisk;
  #process: DiskProcess | undefined;
  #store: LogStore | undefined;
  #model = new Model();
  /** The last confirmed content. */
  #confirmed = this.#model.content;
  /** The content that is being saved. */
  #attempt: string | undefined;
  /** All contents that were ever saved. A disk that lies may return to any of them. */
  readonly #all = new Set([this.#confirmed]);
  #death: Deferred<typeof died> = deferred();

  constructor(seed: number, chances: Partial<DiskChances>) {
    this.#random = randomFrom(seed);
    this.#disk = new SimulatedDisk({ random: randomFrom(seed + 1), chances });
  }

  get disk(): SimulatedDisk {
    return this.#disk;
  }

  async do(step: Action): Promise<void> {
    if (this.#store === undefined) await this.#open();
    const { kind } = step;
    if (kind === "commit") await this.#commit();
    else if (kind === "full") this.#disk.isFull = !this.#disk.isFull;
    else if (kind === "reopen") await this.#close();
    else if (kind === "kill" || kind === "power") await this.#crash(step);
    else act(this.#store!, this.#model, step);
  }

  /** Saves, with cleaning by chance. */
  async #commit(): Promise<void> {
    const store = this.#store!;
    this.#all.add(this.#attempt = this.#model.content);
    await this.#alive(async () => {
      await store.commit();
      this.#isConfirmed();
      if (this.#random() < 0.5 && store.hasWork) await store.commit();
    });
    // Lets the cleaner read a segment.
    for (let i = 0; i < 20; i++) await Promise.resolve();
  }

  async #close(): Promise<void> {
    const store = this.#store!;
    this.#all.add(this.#attempt = this.#model.content);
    await this.#alive(async () => {
      await store.commit();
      this.#isConfirmed();
      await store.close();
      this.#store = undefined;
    });
    this.#process!.kill();
    this.#store = undefined;
  }

  async #crash(step: Action): Promise<void> {
    this.#dieSoon(8);
    act(this.#store!, this.#model, { ...step, kind: "add" });
    if (this.#random() < 0.8) await this.#commit();
    else await this.#close();
    this.#process!.kill();
    this.#store = undefined;
    if (step.kind === "power") this.#disk.losePower();
  }

  #isConfirmed(): void {
    this.#confirmed = this.#attempt!;
    this.#attempt = undefined;
  }

  /** Runs `work` until it ends, the disk fails, or the process dies. */
  async #alive(work: () => Promise<void>): Promise<void> {
    const working = work();
    working.catch(() => {});
    try {
      if (await Promise.race([working, this.#death.promise]) !== died) return;
    } catch (error) {
      if (!(error instanceof ProcessDied)) this.#failed(error as { code?: string });
    }
    this.#process!.kill();
    this.#store = undefined;
  }

  /** Ends a store that cannot save. */
  #failed(error: { code?: string }): void {
    if (error.code === undefined) throw error;
    try {
      this.#store?.abandon();
    } catch (death) {
      if (!(death instanceof ProcessDied)) throw death;
    }
  }

  #dieSoon(calls: number): void {
    const death = this.#death;
    this.#process!.dieIn(Math.ceil(this.#random() * calls), () => death.resolve(died));
  }

  async #open(): Promise<void> {
    for (;;) {
      this.#death = deferred();
      this.#process = this.#disk.process(atOnce);
      if (this.#random() < 0.3) this.#dieSoon(40);
      const { modules } = this.#process;
      const opening = openLog("/data", {
        modules,
        sizes: SIZES,
        letOthersRun: () => Promise.resolve(),
      });
      opening.catch(() => {});
      try {
        const store = await Promise.race([opening, this.#death.promise]);
        if (store !== died) this.#store = store;
      } catch (error) {
        if (!(error instanceof ProcessDied)) this.#refused(error);
      }
      if (this.#store !== undefined) return this.#opened(this.#store);
      this.#process.kill();
      if (this.#random() < 0.3) this.#disk.losePower();
    }
  }

  #opened(store: LogStore): void {
    this.#model = Model.of(store);
    const { content } = this.#model;
    const isRight = this.#disk.lost > 0
      ? this.#all.has(content)
      : content === this.#confirmed || content === this.#attempt;
    assert(
      isRight,
      `the log has neither the saved content nor the content being saved: ${content}`,
    );
    this.#confirmed = content;
    this.#attempt = undefined;
  }

  #refused(error: unknown): void {
    assert(error instanceof ConfigError, String((error as Error).stack));
    if (error.code === "INVALID_DATA" && this.#disk.lost > 0) {
      // The log has noticed that the disk lied.
      this.#disk.remove("/data");
      this.#confirmed = new Model().content;
      this.#attempt = undefined;
      return;
    }
    assert.equal(error.code, "DATA_UNAVAILABLE", error.message);
    this.#disk.isFull = false;
  }
}

/** Different probabilities for each case, because one fault may hide others. */
const chances = fc.record({
  shortWrite: fc.constantFrom(0, 0.3),
  shortRead: fc.constantFrom(0, 0.5),
  failedSync: fc.constantFrom(0, 0.03),
});

function property(chances: fc.Arbitrary<Partial<DiskChances>>, after: (log: SimulatedLog) => void) {
  const steps = fc.array(action, { minLength: 50, maxLength: 300 });
  return fc.asyncProperty(fc.nat(), chances, steps, async (seed, chances, steps) => {
    const log = new SimulatedLog(seed, chances);
    for (const step of steps) await log.do(step);
    after(log);
  });
}

test("a log has all saved changes, and no partial ones, if syncs do not lie", async () => {
  const faults = new Set<string>();
  await fc.assert(
    property(chances, ({ disk }) => {
      assert.equal(disk.lost, 0);
      const bytes = [...disk.files("/data").values()].reduce((sum, size) => sum + size, 0);
      assert(bytes < MAX_BYTES, `${bytes} bytes`);
      for (const fault of Object.keys(disk.counts)) faults.add(fault);
    }),
    { ...parameters("logs on a simulated disk", 30), endOnFailure: true },
  );
  assert(faults.size === 6, [...faults].join());
});

test("on a disk whose syncs lie, a log has an earlier state or is refused", async () => {
  const lying = chances.map((chances) => ({ ...chances, lyingSync: 0.1 }));
  let lost = 0;
  await fc.assert(property(lying, ({ disk }) => lost += disk.lost), {
    ...parameters("logs on a disk that lies", 10),
    endOnFailure: true,
  });
  assert(lost > 0);
});

const SEEDS = [1, 2, 3, 4, 5, 6];

async function jobsOf(disk: SimulatedDisk): Promise<readonly string[]> {
  const process = disk.process(atOnce);
  const store = await openLog("/data", {
    modules: process.modules,
    letOthersRun: () => Promise.resolve(),
  });
  const jobs = store.jobs.takeRows("queue/q").map((row) => String(store.arena.read(row)));
  process.kill();
  return jobs;
}

/** Opens a log, saves a few jobs, and closes it. */
async function live({ modules }: DiskProcess, jobs = 3): Promise<void> {
  const store = await openLog("/data", {
    modules,
    sizes: SIZES,
    letOthersRun: () => Promise.resolve(),
  });
  for (let i = 0; i < jobs; i++) {
    store.add(store.arena.add(`job ${i} ${"x".repeat(1200)}`), "queue/q", { at: 0, owner: "" });
    await store.commit();
  }
  await store.close();
}

test("the content of a log after a kill in any call survives a power loss", async () => {
  for (const seed of SEEDS) {
    for (let calls = 1;; calls++) {
      const disk = new SimulatedDisk({ random: randomFrom(seed) });
      const process = disk.process(atOnce);
      const died = new Promise<boolean>((resolve) => process.dieIn(calls, () => resolve(true)));
      const isOver = live(process).then(() => false, () => true);
      const isDead = await Promise.race([died, isOver]);
      const isUsed = calls % 2 === 0;
      if (isUsed) await live(disk.process(atOnce));
      const jobs = await jobsOf(disk);
      disk.losePower();
      assert.deepEqual(await jobsOf(disk), jobs, `seed ${seed}, killed in call ${calls}`);
      if (!isDead) break;
    }
  }
});

test("a log can be read after a power loss in any call, also when it is closed", async () => {
  for (let jobs = 0; jobs < 6; jobs++) {
    for (const seed of SEEDS) {
      for (let calls = 1;; calls++) {
        const disk = new SimulatedDisk({ random: randomFrom(seed) });
        const process = disk.process(atOnce);
        const died = new Promise<boolean>((resolve) => process.dieIn(calls, () => resolve(true)));
        const isOver = live(process, jobs).then(() => false, () => true);
        const isDead = await Promise.race([died, isOver]);
        process.kill();
        disk.losePower();
        await assert.doesNotReject(jobsOf(disk), `${jobs} jobs, seed ${seed}, call ${calls}`);
        if (!isDead) break;
      }
    }
  }
});

test("the content of a log after a failed sync survives a power loss", async () => {
  for (let seed = 0; seed < 50; seed++) {
    const disk = new SimulatedDisk({ random: randomFrom(seed) });
    await jobsOf(disk);
    disk.chances = { failedSync: 0.4 };
    const process = disk.process(atOnce);
    await live(process).catch(() => {});
    process.kill();
    disk.chances = {};
    const jobs = await jobsOf(disk);
    disk.losePower();
    assert.deepEqual(await jobsOf(disk), jobs, `seed ${seed}`);
  }
});
