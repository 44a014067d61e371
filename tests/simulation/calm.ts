import { monotonic } from "../../src/internal/monotonic_clock.ts";
import { MANY_CONNECTIONS } from "./idle_checks.ts";
import { whenTold } from "./rules/consumers.ts";
import type { World } from "./world.ts";

/**
 * Longest time until some of the jobs are enqueued, and time between two rounds of deploys, in ms.
 */
const LOAD_MS = 1000;
const ROUND_MS = 25_000;

/** Time in which a consumer learns from a heartbeat that it has to stop, in milliseconds. */
const TOLD_MS = 20_000;

/** Time in which a client notices a silent connection and replaces it, in milliseconds. */
const SILENCE_MS = 30_000;

/**
 * Time after which a silent connection on which a command was sent must have been replaced, in ms.
 */
const NOTICE_MS = 25_000;

/** Number of attempts to connect that get no answer, and longest time until there is one, in ms. */
const MANY_ATTEMPTS = 1000;
const OPENING_MS = 3000;

/** Number of jobs for which a producer wants more connections if replies are late. */
const MANY_JOBS = 300;

/** Times by which clocks are set back: less than the interval of their comparisons, and a pause. */
const SHORT_BACK_MS = 300;
const PAUSE_MS = 10_000;

/** Time by which the clock of another machine is ahead or behind, in milliseconds. */
const MOVED_MS = 600_000;

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
    await this.#stopWhileOpening();
    await this.#moveServer();
    await this.#setClocksBack();
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
    this.#checkSilence();
  }

  /** Checks that no producer has waited for long for a reply on a silent connection. */
  #checkSilence(): void {
    const { ledger, network, plan, producers, timeline } = this.#world;
    // Otherwise replies take long, or the server has no room for another connection.
    if (!network.isWide || plan.server.maxConnections < MANY_CONNECTIONS) return;
    if (ledger.server.troubledAt > timeline.now - SILENCE_MS) return;
    for (const place of producers.places) {
      const { process } = producers.at(place);
      const since = timeline.now - NOTICE_MS;
      const links = network.linksOf(process).filter((link) => link.isWrittenInVain(since));
      if (links.length > 0) ledger.violated("a client notices a silent server", process.name);
    }
  }

  /** Stops programs while they open more connections, which nobody accepts. */
  async #stopWhileOpening(): Promise<void> {
    const { consumers, network, producers, timeline } = this.#world;
    // Connections without use have been closed.
    await this.#wait(ROUND_MS);
    // If replies are late, a producer opens another connection.
    for (const place of producers.places) {
      for (const link of network.linksOf(producers.at(place).process)) link.slow(SLOWNESS);
    }
    network.stall(MANY_ATTEMPTS);
    const stalls = () => network.counts["connect stalls"] ?? 0;
    const before = stalls();
    this.#world.load.left += MANY_JOBS;
    await timeline.run(() => stalls() > before, timeline.now + OPENING_MS);
    for (const crew of [producers, consumers]) {
      for (const place of crew.places) crew.deploy(place, { graceMs: 0, downMs: LOAD_MS });
    }
    network.stall(0);
    await this.#wait(ROUND_MS);
  }

  /** Sets clocks back: the deadlines of a process must not notice it. */
  async #setClocksBack(): Promise<void> {
    const { consumers, ledger, producers } = this.#world;
    const members = [producers, consumers].flatMap((crew) =>
      crew.places.map((place) => crew.at(place))
    );
    for (const { process } of members) {
      const clock = monotonic(process);
      const before = clock.now();
      process.jump(-SHORT_BACK_MS);
      if (clock.now() < before) ledger.violated("no clock of deadlines is set back", process.name);
    }
    for (const { process } of members) process.jump(SHORT_BACK_MS);
    await this.#pauseWithClock();
  }

  /** Sets the clock of a paused producer back by the duration of the pause. */
  async #pauseWithClock(): Promise<void> {
    const { ledger, producers } = this.#world;
    const [place] = producers.places;
    if (place === undefined) return;
    const { process } = producers.at(place);
    const clock = monotonic(process);
    const before = clock.now();
    process.pause(PAUSE_MS);
    await this.#wait(PAUSE_MS / 2);
    process.jump(-PAUSE_MS);
    await this.#wait(PAUSE_MS);
    const passedMs = clock.now() - before;
    if (!process.isDead && passedMs < PAUSE_MS) {
      ledger.violated("a pause is no secret to deadlines", `${process.name}: ${passedMs} ms`);
    }
    process.jump(PAUSE_MS);
  }

  /**
   * Starts the server on a machine with another clock, while producers still use what they know of
   * the old one.
   */
  async #moveServer(): Promise<void> {
    const { load, random, server, storage } = this.#world;
    if (storage !== "disk") return;
    await this.#wait(ROUND_MS);
    load.areDelayed = true;
    await this.#load(this.#share);
    server.move(random.pick([-1, 1]) * MOVED_MS, 100);
    await this.#wait(ROUND_MS);
    await this.#load(this.#share);
    await this.#wait(LOAD_MS);
    load.areDelayed = false;
  }
}
