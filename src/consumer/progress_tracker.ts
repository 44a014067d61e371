import { EnterpriseOnlyError } from "../errors.ts";
import { type Progress, trackSet } from "../protocol/commands/enterprise.ts";
import type { Command } from "../protocol/commands/command.ts";
import type { Emitter } from "../events.ts";
import type { ConsumerEvents } from "./events.ts";

/** Tells the server how far jobs are (TRACK SET), as long as it is not known to be one that keeps no progress. */
export class ProgressTracker {
  readonly #send: (command: Command<void>) => Promise<void>;
  readonly #events: Emitter<ConsumerEvents>;
  #isFree = false;

  constructor(send: (command: Command<void>) => Promise<void>, events: Emitter<ConsumerEvents>) {
    this.#send = send;
    this.#events = events;
  }

  /** Whether the server took it. A free server's refusal is told of once, as a `warning`. */
  async track(progress: Progress): Promise<boolean> {
    if (this.#isFree) return false;
    try {
      await this.#send(trackSet(progress));
      return true;
    } catch (error) {
      if (!(error instanceof EnterpriseOnlyError)) throw error;
      if (!this.#isFree) {
        this.#isFree = true;
        this.#events.emit("warning", {
          code: "ENTERPRISE_ONLY",
          message: "The server keeps no progress of jobs as it is not Faktory Enterprise",
        });
      }
      return false;
    }
  }
}
