import { request } from "../../connection/request.ts";
import {
  forgetRunning,
  parseMarker,
  placeMarker,
  removeMarkers,
} from "../../protocol/cancellation.ts";
import type { Command } from "../../protocol/commands/command.ts";
import { type SessionContext, waitingJobs } from "./context.ts";

/** How often the server is asked for cancelled jobs (INFO), in milliseconds. */
const ASK_EVERY_MS = 5000;

/** What a cancellation needs of a run. */
export interface Cancellable {
  readonly jid: string;
  /** Asks the handler to end; what it does is not reported. */
  cancel(): void;
}

/** Looks for cancelled jobs while a session lasts, and cancels those that run or are fetched. */
export class Cancellations {
  readonly #context: SessionContext;
  readonly #running: () => readonly Cancellable[];
  /** The markers of each job that the server told last. */
  #markers: ReadonlyMap<string, readonly string[]> = new Map();
  /** The server was asked once: before that, nothing is fetched. */
  isReady = false;
  readonly #forgetting = new Set<Cancellable>();
  /** Runs that were cancelled, with the server's knowledge. */
  readonly #taken = new WeakSet<Cancellable>();
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  /** `running` gives the runs of the session. */
  constructor(context: SessionContext, running: () => readonly Cancellable[]) {
    this.#context = context;
    this.#running = running;
    void this.#ask();
  }

  /** Whether a job is known to be cancelled. */
  has(jid: string): boolean {
    return this.#markers.has(jid);
  }

  /** Jobs that the server is being told to forget. */
  get inFlight(): number {
    return this.#forgetting.size;
  }

  /** Cancels a run, has the server forget its job, and confirms. */
  take(run: Cancellable): void {
    if (this.#taken.has(run)) return;
    this.#taken.add(run);
    run.cancel();
    this.#forgetting.add(run);
    this.#forget(run.jid)
      // The connection was lost. The marker stays: it is met again, at the latest when the job is
      // fetched again.
      .catch(() => this.#taken.delete(run))
      .then(() => {
        this.#forgetting.delete(run);
        this.#context.advance();
      });
  }

  async #forget(jid: string): Promise<void> {
    const queues = this.#markers.get(jid) ?? [];
    const send = this.#send;
    if (await forgetRunning(send, jid)) return await removeMarkers(send, queues);
    // Whoever cancels has failed the job, and may not have discarded it yet: the marker has to stay
    // until then.
    await Promise.all(queues.map((queue) => placeMarker(send, { queue, jid })));
  }

  /** Ends the timer. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
  }

  readonly #send = <T>(command: Command<T>): Promise<T> =>
    request((entry) => this.#context.connections.commands.send(entry), command);

  async #ask(): Promise<void> {
    try {
      this.#learn(Object.keys(await waitingJobs(this.#context)));
    } catch {
      // The connection is being made again; until then the last answer holds.
    }
    if (this.#isClosed) return;
    for (const run of this.#running()) if (this.has(run.jid)) this.take(run);
    this.#cancelTimer = this.#context.monotonic.after(ASK_EVERY_MS, () => void this.#ask());
    if (this.isReady) return;
    this.isReady = true;
    this.#context.advance();
  }

  #learn(queues: readonly string[]): void {
    const markers = new Map<string, string[]>();
    const expired: string[] = [];
    const now = this.#context.serverClock.now() / 1000;
    for (const queue of queues) {
      const marker = parseMarker(queue);
      if (marker === undefined) continue;
      if (marker.expiresAt < now) expired.push(queue);
      else markers.set(marker.jid, [...markers.get(marker.jid) ?? [], queue]);
    }
    this.#markers = markers;
    if (expired.length > 0) removeMarkers(this.#send, expired).catch(() => {});
  }
}
