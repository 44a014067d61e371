import { Producer } from "../../mod.ts";
import { Schedule, type ScheduleEntries } from "../../src/cron/mod.ts";
import type { Member } from "./crew.ts";
import type { Ledger } from "./ledger.ts";
import type { Network } from "./network.ts";
import { type ClockError, SimulatedProcess } from "./process.ts";
import type { Timeline } from "./timeline.ts";

/** The recurring jobs of a world. */
export interface SchedulePlan {
  readonly everySeconds: readonly number[];
  readonly clocks: readonly ClockError[];
  readonly queue: string;
}

export interface SchedulerParts {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly ledger: Ledger;
}

/** One of several processes that run the schedule. */
export class SchedulerProcess implements Member {
  readonly process: SimulatedProcess;
  isStopping = false;
  readonly #parts: SchedulerParts;
  readonly #schedule: Schedule;
  #producer: Producer | undefined;
  #running: Promise<void> | undefined;

  constructor(name: string, plan: SchedulePlan, clock: ClockError, parts: SchedulerParts) {
    this.#parts = parts;
    this.process = new SimulatedProcess(name, parts.timeline, clock);
    const entries: ScheduleEntries = Object.fromEntries(plan.everySeconds.map((seconds) => [
      `every-${seconds}s`,
      { every: `${seconds}s`, job: { type: "one", args: ["works", 0], queue: plan.queue } },
    ]));
    this.#schedule = new Schedule(entries, { clock: this.process });
    this.#schedule.on("error", () => parts.ledger.count("errors of schedules"));
  }

  run(): Promise<void> {
    return this.#running = this.#run();
  }

  async #run(): Promise<void> {
    const { network } = this.#parts;
    while (!this.isStopping) {
      try {
        const producer = this.#producer = await Producer.connect({
          url: "tcp://simulated:7419",
          transport: network.transport(this.process),
          clock: this.process,
        });
        // A stop while it connected has not stopped the schedule.
        if (this.isStopping) return;
        return await this.#schedule.run(producer);
      } catch {
        await this.process.sleep(1000);
      }
    }
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.#schedule.stop();
    await this.#running;
    await this.#producer?.close();
  }
}

/** Returns the time (seconds since 1970) and entry of a firing; `undefined` for another job. */
export function firingOf(
  jid: string,
): { readonly seconds: number; readonly name: string } | undefined {
  const [prefix, , time, name] = jid.split(":");
  if (prefix !== "cron" || time === undefined || name === undefined) return undefined;
  return { seconds: parseInt(time, 36), name };
}
