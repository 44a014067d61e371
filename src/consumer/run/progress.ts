import type { Lanes } from "../../connection/lanes.ts";
import { request } from "../../connection/request.ts";
import { EnterpriseOnlyError } from "../../errors.ts";
import type { Emitter } from "../../events.ts";
import { type Progress, trackSet } from "../../protocol/commands/enterprise.ts";
import type { ConsumerEvents } from "../events.ts";

/** Takes the progress of jobs. */
export interface Tracker {
  /** Resolves to whether it was kept. */
  track(progress: Progress): Promise<boolean>;
}

/** Sends the progress of jobs (TRACK SET), until the server turns out to be one that keeps none. */
export class ProgressTracker implements Tracker {
  readonly #lanes: Pick<Lanes, "send">;
  readonly #events: Emitter<ConsumerEvents>;
  #isFree = false;

  constructor(lanes: Pick<Lanes, "send">, events: Emitter<ConsumerEvents>) {
    this.#lanes = lanes;
    this.#events = events;
  }

  /** Emits one `warning` if the server is a free one. */
  async track(progress: Progress): Promise<boolean> {
    if (this.#isFree) return false;
    try {
      await request((entry) => this.#lanes.send(entry), trackSet(progress));
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
