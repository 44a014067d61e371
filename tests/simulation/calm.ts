import { whenTold } from "./rules/consumers.ts";
import type { World } from "./world.ts";

/** Longest time until some of the jobs are enqueued, and time between two rounds of deploys, in ms. */
const LOAD_MS = 1000;
const ROUND_MS = 25_000;

/** Time in which a consumer learns from a heartbeat that it has to stop, in milliseconds. */
const TOLD_MS = 20_000;

/** Time in which a client notices a silent connection and replaces it, in milliseconds. */
const SILENCE_MS = 30_000;

/** Factor of the latency of slow connections. */
const SLOWNESS = 20;

/**
 * The end of a world, without random faults. Some faults are injected alone, because others would
 * hide or excuse their effects. The strictest rules hold here.
 */
export class CalmPhase {
  readonly #world: World;
  /** Number of jobs for each step. */
  readonly #share: number;

  constructor(world: World, jobs: number) {
    this.#world = world;
    this.#share = Math.ceil(jobs / (2 * world.plan.consumers.length + 3));
  }

  async run(): Promise<void> {
    const { consumers } = this.#world;
    consumers.start();
    for (let round = 0; round < 2; round++) {
      for (const place of consumers.places) {
        await this.#load(this.#share);
        consumers.deploy(place, { graceMs: this.#world.random.pick([0, 100, 5000]), downMs: 1 });
      }
      await this.#wait(ROUND_MS);
    }
    await this.#stopByServer();
    await this.#pauseConsumer();
    await this.#stallServer();
    await this.#silenceProducers();
    this.#world.load.left = 0;
  }

  /** Enqueues jobs, and waits until half of them are on their way. */
  async #load(jobs: number): Promise<void> {
    const { load, timeline } = this.#world;
    load.left += jobs;
    const due = load.left - jobs / 2;
    await timeline.run(() => load.left <= due, timeline.now + LOAD_MS);
  }

  async #wait(ms: number): Promise<void> {
    const { timeline } = this.#world;
    let isOver = false;
    // Otherwise the time would stop at the last event before.
    timeline.at(timeline.now + ms, () => isOver = true);
    await timeline.run(() => isOver, Infinity);
  }

  /** Makes the server tell all consumers to go quiet or to end, and replaces them. */
  async #stopByServer(): Promise<void> {
    const { timeline, consumers, ledger, server, random } = this.#world;
    const { workers } = server.state ?? {};
    const toldAt = timeline.now;
    for (const place of consumers.places) {
      const { worker, consumer } = consumers.at(place);
      const signal = random.pick(["quiet", "terminate"] as const);
      worker.isSignalled = workers?.signal(consumer.wid, signal) === true;
    }
    await this.#wait(TOLD_MS);
    for (const place of consumers.places) {
      const { process, worker } = consumers.at(place);
      if (worker.isSignalled) ledger.judge(whenTold, { worker, process, atMs: toldAt });
      consumers.deploy(place, { graceMs: 0, downMs: 1 });
    }
    await this.#wait(LOAD_MS);
  }

  /** Pauses a consumer for longer than the reservations of the jobs that it is fetching. */
  async #pauseConsumer(): Promise<void> {
    const { consumers, random } = this.#world;
    const ms = random.between(63_000, 70_000);
    await this.#load(this.#share);
    const [place] = consumers.places;
    if (place !== undefined) consumers.at(place).process.pause(ms);
    await this.#wait(ms + LOAD_MS);
  }

  /**
   * Pauses the server while jobs are on their way, with old connections that are slower than new
   * ones: the clients must still wait for the replies on the old ones.
   */
  async #stallServer(): Promise<void> {
    const { network, producers, server, random } = this.#world;
    await this.#load(this.#share);
    for (const place of producers.places) {
      for (const link of network.linksOf(producers.at(place).process)) link.slow(SLOWNESS);
    }
    await this.#wait(1 + random.int(20));
    server.pause(random.between(5500, 9500));
    await this.#wait(ROUND_MS);
  }

  /** Silences the connections of all producers, which go on enqueuing jobs. */
  async #silenceProducers(): Promise<void> {
    const { load, network, producers, timeline } = this.#world;
    await this.#load(this.#share);
    for (const place of producers.places) {
      for (const link of network.linksOf(producers.at(place).process)) link.silence();
    }
    const until = timeline.now + SILENCE_MS;
    while (timeline.now < until) {
      load.left = Math.max(load.left, 1);
      await this.#wait(LOAD_MS / 2);
    }
  }
}
