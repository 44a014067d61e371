import { request } from "../../connection/request.ts";
import {
  addMarker,
  parseMarker,
  removeMarkers,
  removeRunningJob,
} from "../../protocol/cancellation.ts";
import type { Command } from "../../protocol/commands/command.ts";
import { type SessionContext, waitingJobs } from "./context.ts";

/** Interval of the checks for cancelled jobs (INFO), in milliseconds. */
const INFO_INTERVAL_MS = 5000;

/** The part of a run that a cancellation uses. */
export interface Cancellable {
  readonly jid: string;
  /** Asks the handler to end. Its result is not reported. */
  cancel(): void;
}

/** Looks for cancelled jobs during a session, and cancels those that run or are fetched. */
export class Cancellations {
  readonly #context: SessionContext;
  readonly #running: () => readonly Cancellable[];
  /** The markers of each job in the server's last answer. */
  #markers: ReadonlyMap<string, readonly string[]> = new Map();
  /** True after the first answer. Nothing is fetched before. */
  isReady = false;
  readonly #removing = new Set<Cancellable>();
  /** Runs that were cancelled here. */
  readonly #cancelled = new WeakSet<Cancellable>();
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  /** `running` returns the runs of the session. */
  constructor(context: SessionContext, running: () => readonly Cancellable[]) {
    this.#context = context;
    this.#running = running;
    void this.#check();
  }

  /** Returns true if the job was cancelled, according to the last answer. */
  has(jid: string): boolean {
    return this.#markers.has(jid);
  }

  /** Number of jobs that are being removed from the server. */
  get inFlight(): number {
    return this.#removing.size;
  }

  /** Cancels a run, removes its job from the server, and confirms the cancellation. */
  cancel(run: Cancellable): void {
    if (this.#cancelled.has(run)) return;
    this.#cancelled.add(run);
    run.cancel();
    this.#removing.add(run);
    this.#removeJob(run.jid)
      // The connection was lost. The marker is still there, so this is tried again, at the latest
      // when the job is fetched again.
      .catch(() => this.#cancelled.delete(run))
      .then(() => {
        this.#removing.delete(run);
        this.#context.advance();
      });
  }

  async #removeJob(jid: string): Promise<void> {
    const queues = this.#markers.get(jid) ?? [];
    const send = this.#send;
    if (await removeRunningJob(send, jid)) return await removeMarkers(send, queues);
    // The caller of `cancel` has failed the job, and may not have discarded it yet. The marker must
    // stay until then.
    await Promise.all(queues.map((queue) => addMarker(send, { queue, jid })));
  }

  /** Cancels the timer. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
  }

  readonly #send = <T>(command: Command<T>): Promise<T> =>
    request((entry) => this.#context.connections.commands.send(entry), command);

  async #check(): Promise<void> {
    try {
      this.#update(Object.keys(await waitingJobs(this.#context)));
    } catch {
      // The connection is being restored. The last answer is used until then.
    }
    if (this.#isClosed) return;
    for (const run of this.#running()) if (this.has(run.jid)) this.cancel(run);
    this.#cancelTimer = this.#context.monotonic.after(INFO_INTERVAL_MS, () => void this.#check());
    if (this.isReady) return;
    this.isReady = true;
    this.#context.advance();
  }

  #update(queues: readonly string[]): void {
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
