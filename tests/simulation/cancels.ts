import { Producer } from "../../mod.ts";
import { parseMarker } from "../../src/protocol/cancellation.ts";
import type { ServerState } from "../../src/server/server_state.ts";
import type { Entry } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { SimulatedProcess } from "./process.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface CancelsParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
  readonly random: Random;
}

/** Maximum number of jobs that are cancelled in a world. Each leaves a mark on the server. */
const MAX_CANCELS = 200;

/** Number of jobs that are looked at to find one that can be cancelled. */
const MAX_LOOKS = 100;

/** A program that cancels random jobs of the producers. */
export class Cancels {
  readonly #parts: CancelsParts;
  readonly #process: SimulatedProcess;
  #left = MAX_CANCELS;
  /** Number of calls that are not settled. */
  #open = 0;

  constructor(parts: CancelsParts) {
    this.#parts = parts;
    this.#process = new SimulatedProcess("canceller", parts.timeline);
  }

  /** Cancels a job about every `everyMs` milliseconds, until it is stopped. */
  async start(everyMs: number): Promise<void> {
    const { random, ledger } = this.#parts;
    const producer = await this.#connect();
    while (this.#left > 0) {
      const entry = this.#pick();
      if (entry !== undefined) {
        this.#left--;
        this.#open++;
        entry.cancelCalledAt = this.#process.timeline.now;
        producer.cancel(entry.jid, { waitMs: random.pick([0, 10_000]) }).then((result) => {
          ledger.tell?.(entry.jid, `cancelled: ${result}`);
          ledger.count(`cancelled: ${result}`);
          ledger.runs.cancelled(entry);
        }, () => ledger.count("cancellations that failed")).finally(() => this.#open--);
      }
      await this.#process.sleep(random.between(1, 2 * everyMs));
    }
    await producer.close();
  }

  /** Cancels no more jobs. */
  stop(): void {
    this.#left = 0;
  }

  /** True if all calls are settled. */
  get isIdle(): boolean {
    return this.#open === 0;
  }

  async #connect(): Promise<Producer> {
    const { network } = this.#parts;
    for (;;) {
      try {
        return await Producer.connect({
          url: "tcp://simulated:7419",
          transport: network.transport(this.#process),
          clock: this.#process,
          reconnect: { attempts: Infinity },
        });
      } catch {
        await this.#process.sleep(500);
      }
    }
  }

  /** Returns a job that waits or is with a worker, and that nobody has cancelled. */
  #pick(): Entry | undefined {
    const { ledger, random } = this.#parts;
    const place = random.pick(["waiting", "working"] as const);
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const entry = ledger.anyJob(random);
      if (entry === undefined) return undefined;
      if (entry[place] > 0 && entry.cancelCalledAt === Infinity) return entry;
    }
    return undefined;
  }
}

/** Returns the number of marks of cancelled jobs that a server keeps. */
export function countMarks({ context: { manager: { queues } } }: ServerState): number {
  let marks = 0;
  for (const name of queues.names()) {
    if (parseMarker(name) !== undefined) marks += queues.sizeOf(name) ?? 0;
  }
  return marks;
}
