import { UnknownWorkerError } from "../errors.ts";
import type { Clock } from "../internal/clock.ts";
import { residentKib } from "../internal/environment.ts";
import { type Beat, beat, type WorkerState } from "../protocol/commands/server.ts";
import type { Request } from "../connection/request.ts";

/** The server forgets a worker after a minute without BEAT. */
export const BEAT_MS = 15_000;

/** What a heartbeat needs. */
export interface HeartbeatOptions {
  readonly wid: string;
  readonly clock: Clock;
  send(request: Request): void;
  /** What the consumer tells of itself. */
  state(): Beat["state"];
  /** What the server wants of it. */
  told(state: WorkerState): void;
  /** The server does not know the worker any longer. */
  forgotten(error: Error): void;
}

/** Tells the server every 15 seconds that the worker is alive, until it is closed. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancelTimer: () => void;
  #underWay = false;
  /** When the server answered last; at first, when it was made. */
  lastAt: number;
  /** Whether it ever did. */
  hasAnswer = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.lastAt = options.clock.now();
    this.#cancelTimer = this.#next();
  }

  close(): void {
    this.#cancelTimer();
  }

  #next(): () => void {
    return this.#options.clock.after(BEAT_MS, () => {
      this.#cancelTimer = this.#next();
      this.beat();
    });
  }

  /** Tells it now. */
  beat(): void {
    // One that waits for a connection serves as well as a second.
    if (this.#underWay) return;
    const { wid, send, state, told, forgotten } = this.#options;
    this.#underWay = true;
    send({
      command: beat({ wid, state: state(), rssKb: residentKib() }),
      resolve: (wanted) => {
        this.#underWay = false;
        this.lastAt = this.#options.clock.now();
        this.hasAnswer = true;
        told(wanted as WorkerState);
      },
      reject: (error) => {
        this.#underWay = false;
        if (error instanceof UnknownWorkerError) forgotten(error);
      },
    });
  }
}
