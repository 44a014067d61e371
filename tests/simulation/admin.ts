import { Producer } from "../../mod.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

/** Parts of an {@linkcode Admin}. */
export interface AdminParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly queues: readonly string[];
}

type Command = (producer: Producer, queue: string, random: Random) => Promise<unknown>;

const TYPES = ["one", "many"];

/** The commands of an admin, by name. */
export const ADMIN_COMMANDS: Readonly<Record<string, Command>> = {
  "pause a queue": (producer, queue) => producer.queues.pause(queue),
  "resume a queue": (producer, queue) => producer.queues.resume(queue),
  "resume all queues": (producer) => producer.queues.resume("*"),
  "remove a queue": (producer, queue) => producer.queues.remove(queue),
  "ask for latencies": (producer, queue) => producer.queues.latency([queue]),
  "ask for figures": (producer) => producer.info(),
  "requeue retries": (producer, _, random) =>
    producer.sets.retries.requeue({ type: random.pick(TYPES) }),
  "requeue scheduled": (producer) => producer.sets.scheduled.requeue({ all: true }),
  "requeue dead": (producer, _, random) => producer.sets.dead.requeue({ type: random.pick(TYPES) }),
  "kill retries": (producer, _, random) => producer.sets.retries.kill({ type: random.pick(TYPES) }),
  "discard scheduled": (producer, _, random) =>
    producer.sets.scheduled.discard({ type: random.pick(TYPES) }),
  "clear the dead": (producer) => producer.sets.dead.clear(),
  "flush": (producer) => producer.flush(),
};

/** The commands that remove no jobs. */
export const HARMLESS_COMMANDS: readonly string[] = [
  "pause a queue",
  "resume a queue",
  "resume all queues",
  "ask for latencies",
  "ask for figures",
  "requeue dead",
];

/** A person who sends commands, over connections with the same faults as all others. */
export class Admin {
  readonly process: SimulatedProcess;
  readonly #parts: AdminParts;
  #producer: Promise<Producer> | undefined;

  constructor(parts: AdminParts) {
    this.#parts = parts;
    this.process = new SimulatedProcess("admin", parts.timeline);
  }

  /** Sends a command until it succeeds, four times, because earlier commands may arrive late. */
  async insist(name: string): Promise<void> {
    for (let times = 0; times < 4; times++) {
      while (!await this.give(name)) await this.process.sleep(1000);
      await this.process.sleep(20_000);
    }
  }

  /** Sends a command. Resolves to true if the server confirmed it. */
  async give(name: string): Promise<boolean> {
    const { random, queues, network, ledger } = this.#parts;
    const url = "tcp://simulated:7419";
    const transport = network.transport(this.process);
    this.#producer ??= Producer.connect({ url, transport, clock: this.process, connections: 2 });
    try {
      const producer = await this.#producer;
      await ADMIN_COMMANDS[name]!(producer, random.pick(queues), random);
      return true;
    } catch {
      ledger.count("commands of an admin that failed");
      this.#producer?.catch(() => this.#producer = undefined);
      return false;
    }
  }

  /** Closes the connections. */
  async stop(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined);
    await producer?.close();
  }
}
