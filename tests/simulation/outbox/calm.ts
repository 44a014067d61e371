import type { FoundRule } from "../ledger.ts";
import type { StatementFault } from "./database_client.ts";
import type { OutboxOfWorld } from "./outbox_of_world.ts";
import type { OutboxProgram } from "./program.ts";

/** Number of jobs of each step. */
const JOBS = 12;

/** Time after which the effects of the random faults have ended, in milliseconds. */
const RECOVERY_MS = 65_000;

/** Longest time until the jobs of a step are inserted, in milliseconds. */
const LOAD_MS = 20_000;

/** Longest time until the outbox is empty after the claims of a dead relay have expired, in ms. */
const EMPTY_MS = 20_000;

/** Time for which an outbox without faults works, in milliseconds. */
const WORK_MS = 5000;

const CLAIM = /RETURNING/;
const DELETE = /^DELETE/;
const RELEASE = /claimed_by = NULL/;

/** The end of the outbox's world, in which faults are injected alone. */
export class CalmOutbox {
  readonly #outbox: OutboxOfWorld;

  constructor(outbox: OutboxOfWorld) {
    this.#outbox = outbox;
  }

  async run(): Promise<void> {
    const { load } = this.#outbox;
    load.left = 0;
    await this.#wait(RECOVERY_MS);
    load.left = JOBS;
    await this.#wait(WORK_MS);
    await this.#drain();
    await this.#stallServer();
    await this.#failStatements();
    await this.#cutConnections();
    await this.#rollBack();
    await this.#killRelay(CLAIM);
    load.areScheduled = true;
    await this.#killRelay(DELETE);
    load.areScheduled = false;
    await this.#stopWithoutDatabase();
  }

  /** Pushes what is there, as a program that runs from time to time. */
  async #drain(): Promise<void> {
    const { load } = this.#outbox;
    load.left += JOBS;
    const relay = this.#relay();
    if (relay === undefined) return;
    await this.#loaded();
    let isOver = false;
    void relay.drain().then(() => isOver = true);
    await this.#until("a relay drains the outbox", EMPTY_MS, () => isOver || relay.process.isDead);
  }

  /** Lets single statements of relays fail: no job may be pushed again because of that. */
  async #failStatements(): Promise<void> {
    const { crew, load, random } = this.#outbox;
    for (const fault of ["error", "reply lost"] as const satisfies StatementFault[]) {
      for (const pattern of [DELETE, RELEASE]) {
        this.#relay()?.client.failIn(pattern, fault);
        load.left += JOBS;
        await this.#loaded();
        await this.#wait(random.between(500, WORK_MS));
      }
    }
    for (const place of crew.places) crew.at(place).client.heal();
    await this.#empty("a relay repeats a failed statement");
  }

  /** Cuts the connections of a relay to Faktory while it pushes. */
  async #cutConnections(): Promise<void> {
    const { load, network, rules } = this.#outbox;
    const relay = this.#relay();
    if (relay === undefined) return;
    rules.onClaim = () => {
      rules.onClaim = () => {};
      for (const link of network.linksOf(relay.process)) link.cut();
    };
    load.left += JOBS;
    await this.#loaded();
    await this.#wait(WORK_MS);
    await this.#empty("a relay pushes again what was not sent");
  }

  /** Pauses the server for longer than a claim lasts: a relay that waits extends its claims. */
  async #stallServer(): Promise<void> {
    const { load, crew, database, rules, server, timeline } = this.#outbox;
    const relays = crew.places.map((place) => crew.at(place)).filter(({ hasRelay }) => hasRelay);
    const ms = 1000 * Math.max(0, ...relays.map(({ claimSeconds }) => claimSeconds)) + 5000;
    rules.onClaim = () => {
      rules.onClaim = () => {};
      if (server.state === undefined) return;
      // The others give up the connection before.
      const areWaiting = relays.every(({ commandTimeoutMs }) => commandTimeoutMs > ms);
      if (areWaiting) rules.stalledUntil = timeline.now + ms;
      server.pause(ms);
      timeline.at(timeline.now + ms - 1, () => {
        rules.checkClaims(database.rows, database.process.now());
      });
    };
    load.left += JOBS;
    await this.#loaded();
    await this.#wait(ms + WORK_MS);
    rules.onClaim = () => {};
    await this.#empty("a relay goes on after a pause of the server");
  }

  /** Rolls back transactions of programs that began while their relay pushed. */
  async #rollBack(): Promise<void> {
    const { load, crew, rules } = this.#outbox;
    rules.onClaim = () => {
      for (const place of crew.places) {
        const program = crew.at(place);
        if (program.relay !== undefined) {
          program.process.schedule(1, () => void program.rollBack(300));
        }
      }
    };
    load.left += JOBS;
    await this.#loaded();
    await this.#wait(WORK_MS);
    rules.onClaim = () => {};
    await this.#empty("a relay goes on after a transaction of its program");
  }

  /** Kills a relay around a statement: another one takes over its rows. */
  async #killRelay(pattern: RegExp): Promise<void> {
    const { load, random } = this.#outbox;
    const relay = this.#relay();
    if (relay === undefined) return;
    relay.client.dieIn(1, pattern, this.#outbox.killer(relay, random, 1));
    load.left += JOBS;
    await this.#loaded();
    await this.#wait(relay.claimSeconds * 1000);
    await this.#empty("a relay takes over the rows of a dead one");
  }

  /** Stops a relay while its database gives no answer. */
  async #stopWithoutDatabase(): Promise<void> {
    const { load, crew, random, timeline } = this.#outbox;
    for (
      const faults of [
        [[CLAIM, "silent"]],
        [[DELETE, "silent"]],
        [[DELETE, "error"], [DELETE, "slow"]],
      ] as const
    ) {
      const relay = this.#relay();
      if (relay === undefined) return;
      const { client } = relay;
      for (const [pattern, fault] of faults) client.failIn(pattern, fault);
      load.left += JOBS;
      await this.#loaded();
      await timeline.run(() => !client.isToFail, timeline.now + WORK_MS);
      const place = crew.places.find((place) => crew.at(place) === relay);
      if (place === undefined) return;
      crew.deploy(place, { graceMs: random.pick([0, 100, 3000]), downMs: 1 });
      await this.#wait(relay.claimSeconds * 1000);
    }
    await this.#empty("a relay takes over the rows of one that has stopped");
  }

  /** A program with a relay. */
  #relay(): OutboxProgram | undefined {
    const { crew, random } = this.#outbox;
    const relays = crew.places.map((place) => crew.at(place)).filter(({ relay }) =>
      relay !== undefined
    );
    return relays.length === 0 ? undefined : random.pick(relays);
  }

  async #loaded(): Promise<void> {
    const { load, timeline } = this.#outbox;
    await timeline.run(() => load.left === 0, timeline.now + LOAD_MS);
  }

  /** Checks that the jobs of the calm end are soon pushed. */
  async #empty(rule: FoundRule): Promise<void> {
    const { rules, plan: { dialect, programs } } = this.#outbox;
    // In a transaction of its program, a relay cannot release rows: their claim has to expire.
    const claimMs = dialect === "sqlite"
      ? 1000 * Math.max(...programs.map(({ relay }) => relay.claimSeconds))
      : 0;
    const isEmpty = () => rules.waiting(rules.calmFrom).length === 0;
    await this.#until(rule, EMPTY_MS + claimMs, isEmpty);
  }

  async #until(rule: FoundRule, ms: number, isSo: () => boolean): Promise<void> {
    const { timeline, ledger, rules, server } = this.#outbox;
    const since = timeline.now;
    if (await timeline.run(isSo, since + ms)) return;
    // The faults of other parts of the world go on.
    if (server.state === undefined || ledger.server.troubledAt > since - ms) return;
    ledger.violated(rule, rules.waiting(rules.calmFrom).slice(0, 5).join(", "));
  }

  async #wait(ms: number): Promise<void> {
    const { timeline } = this.#outbox;
    await timeline.run(() => false, timeline.now + ms);
  }
}
