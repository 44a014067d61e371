import type { Clock } from "../internal/clock.ts";
import type { History } from "./history.ts";
import type { Manager } from "./manager.ts";
import type { Slices, Work } from "./slices.ts";
import type { Workers } from "./workers.ts";

/** Period of the timer, in ms. All tasks run at multiples of it. */
const TICK_MS = 5000;

/** A task of an edition. INFO does not list it. */
export interface MoreTask {
  readonly everySeconds: number;
  run(): Work<number>;
}

interface Task {
  /** Its name in INFO; `undefined` for a task of an edition. */
  readonly name: string | undefined;
  readonly everyMs: number;
  /** Runs once and returns how many items it processed. */
  run(): Work<number>;
  /** True while a run is in progress. */
  isRunning: boolean;
  total: number;
  cycles: number;
}

/**
 * The server's periodic tasks: scheduled jobs, retries, expired reservations and silent workers.
 */
export class Tasks {
  readonly #clock: Clock;
  readonly #tasks: readonly Task[];
  readonly #manager: Manager;
  readonly #workers: Workers;
  readonly #slices: Slices;
  readonly #history: History;
  #cancelTimer: () => void;

  constructor(
    clock: Clock,
    { manager, workers, slices, history, more }: {
      manager: Manager;
      workers: Workers;
      slices: Slices;
      history: History;
      more: readonly MoreTask[];
    },
  ) {
    this.#history = history;
    this.#clock = clock;
    this.#slices = slices;
    this.#manager = manager;
    this.#workers = workers;
    const task = (name: string | undefined, seconds: number, run: () => Work<number>): Task => (
      { name, everyMs: seconds * 1000, run, isRunning: false, total: 0, cycles: 0 }
    );
    this.#tasks = [
      task("Scheduled", 5, () => manager.enqueueDue("scheduled")),
      task("Retries", 5, () => manager.enqueueDue("retries")),
      task("Dead", 60, () => manager.purgeDead()),
      task("Busy", 15, () => manager.reap()),
      task("Workers", 15, () => workers.reap()),
      ...more.map(({ everySeconds, run }) => task(undefined, everySeconds, run)),
    ];
    this.#cancelTimer = this.#next();
  }

  /** The statistics of the tasks, for INFO. */
  stats(): Record<string, Record<string, number>> {
    const sizes: Record<string, number> = {
      Scheduled: this.#manager.sets.scheduled.size,
      Retries: this.#manager.sets.retries.size,
      Dead: this.#manager.sets.dead.size,
      Busy: this.#manager.reserved,
      Workers: this.#workers.size,
    };
    const stats: Record<string, Record<string, number>> = {};
    for (const { name, total, cycles } of this.#tasks) {
      if (name === undefined) continue;
      const size = sizes[name]!;
      stats[name] = name === "Busy" || name === "Workers"
        ? { reaped: total, size }
        : { cycles, enqueued: total, size, wall_time_sec: 0 };
    }
    return stats;
  }

  close(): void {
    this.#cancelTimer();
  }

  #next(): () => void {
    const now = this.#clock.now();
    const dueMs = (Math.floor(now / TICK_MS) + 1) * TICK_MS;
    return this.#clock.after(dueMs - now, () => {
      this.#cancelTimer = this.#next();
      this.#tick(Math.round(this.#clock.now() / TICK_MS) * TICK_MS);
    });
  }

  #tick(nowMs: number): void {
    this.#history.sample();
    for (const task of this.#tasks) {
      // A task that is still running is not started again.
      if (nowMs % task.everyMs !== 0 || task.isRunning) continue;
      task.cycles++;
      task.isRunning = true;
      void this.#slices.start(runAndCount(task));
    }
  }
}

function* runAndCount(task: Task): Work<void> {
  try {
    task.total += yield* task.run();
  } finally {
    task.isRunning = false;
  }
}
