import type { Request } from "../../connection/request.ts";
import { UnknownWorkerError } from "../../errors.ts";
import { residentKib } from "../../internal/environment.ts";
import { type Beat, beat, type WorkerState } from "../../protocol/commands/server.ts";
import { isStopping, type SessionContext } from "./context.ts";
import type { Phase } from "./stop_phases.ts";

/** Interval of BEAT. The server forgets a worker after a minute without one. */
const BEAT_MS = 15_000;

/** Sends BEAT every 15 seconds until it is closed, and stores the server's answers. */
export class Heartbeat {
  /** The state that the server wants the worker to be in. */
  serverState: WorkerState = "running";
  /** Time of the last answer; at first, the time of creation. */
  lastAt: number;
  /** True if the server has ever answered. */
  hasAnswer = false;
  readonly #context: SessionContext;
  #cancelTimer: () => void;
  #inFlight = false;

  constructor(context: SessionContext) {
    this.#context = context;
    this.lastAt = context.monotonic.now();
    this.#cancelTimer = this.#next();
  }

  /** Cancels the timer. */
  close(): void {
    this.#cancelTimer();
  }

  /** Sends a BEAT now, unless one is in flight or waits for a connection. */
  beat(): void {
    if (this.#inFlight) return;
    const { settings: { worker: { wid } }, phase, connections } = this.#context;
    this.#inFlight = true;
    const request: Request<WorkerState> = {
      command: beat({ wid, state: beatState(phase), rssKb: residentKib() }),
      resolve: (state) => this.#answered(state),
      reject: (error) => this.#refused(error),
    };
    connections.commands.send(request as Request);
  }

  #next(): () => void {
    return this.#context.monotonic.after(BEAT_MS, () => {
      this.#cancelTimer = this.#next();
      this.beat();
    });
  }

  #answered(state: WorkerState): void {
    this.#inFlight = false;
    this.lastAt = this.#context.monotonic.now();
    this.hasAnswer = true;
    this.serverState = state;
    this.#context.advance();
  }

  #refused(error: unknown): void {
    this.#inFlight = false;
    // The server does not know the worker of these connections any more. New connections register
    // it again.
    if (error instanceof UnknownWorkerError) this.#context.connections.commands.renew(error);
  }
}

function beatState(phase: Phase): Beat["state"] {
  if (phase === "quiet") return "quiet";
  return isStopping(phase) ? "terminate" : undefined;
}
