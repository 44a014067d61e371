import type { ReconnectingLane } from "./reconnecting_lane.ts";
import type { Request } from "./request.ts";

/** Weight of one turn's commands on one lane: enough to save most writes, few enough to keep all lanes busy. */
const MAX_STREAK = 64;

/** A few lanes to the same server, used in turn by how much each has to do. */
export class Lanes {
  readonly all: readonly ReconnectingLane[];

  /** The lane that the last command went to, and the weight of those that went there in a row. */
  #current: ReconnectingLane | undefined;
  #streak = 0;

  constructor(lanes: readonly ReconnectingLane[]) {
    this.all = lanes;
  }

  /** Opens all of them; where one cannot be opened, none is. */
  async open(signal?: AbortSignal): Promise<void> {
    const opened = await Promise.allSettled(this.all.map((lane) => lane.open(signal)));
    const failed = opened.find((result) => result.status === "rejected");
    if (failed === undefined) return;
    this.close();
    throw failed.reason;
  }

  /** Whether one of them has a connection at this moment. */
  get connected(): boolean {
    return this.all.some((lane) => lane.connected);
  }

  /** Commands that wait for a connection or for their reply. */
  get load(): number {
    return this.all.reduce((sum, lane) => sum + lane.load, 0);
  }

  /** The lane with the least to do, one with a connection before one without. */
  get least(): ReconnectingLane {
    let least = this.all[0]!;
    for (let i = 1; i < this.all.length; i++) {
      const lane = this.all[i]!;
      if (lane.connected === least.connected ? lane.load < least.load : lane.connected) {
        least = lane;
      }
    }
    return least;
  }

  /**
   * Sends a command on the lane with the least to do. What is sent in one turn of the event loop keeps to one lane, up to a
   * point: a write costs more than all else that is done for a command, and spread over the lanes each would have its own.
   */
  send(request: Request): void {
    let lane = this.#current;
    this.#streak += request.weight ?? 1;
    if (lane === undefined || !lane.isFilling || this.#streak > MAX_STREAK) {
      lane = this.#current = this.least;
      this.#streak = 0;
    }
    lane.send(request);
  }

  /** Writes what was sent last now, and not at the end of the turn. */
  flush(): void {
    this.#current?.flush();
  }

  /** Resolves once nothing waits for a connection or a reply. */
  async drained(): Promise<void> {
    await Promise.all(this.all.map((lane) => lane.drained()));
  }

  /** Says goodbye on all of them. */
  async end(): Promise<void> {
    await Promise.all(this.all.map((lane) => lane.end()));
  }

  /** Ends all of them at once. */
  close(reason?: Error): void {
    for (const lane of this.all) lane.close(reason);
  }

  /** Gives every connection up so that others are made. */
  renew(reason: Error): void {
    for (const lane of this.all) lane.renew(reason);
  }
}
