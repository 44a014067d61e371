import type { ServerClock } from "../../connection/server_clock.ts";
import type { Emitter } from "../../events.ts";
import type { Clock } from "../../internal/clock.ts";
import type { MonotonicClock } from "../../internal/monotonic_clock.ts";
import type { ConsumerObserver, Producer } from "../../producer/producer.ts";
import { parseServerInfo } from "../../protocol/server_info.ts";
import type { ConsumerEvents, ConsumerState } from "../events.ts";
import type { ConsumerSettings } from "../options.ts";
import type { Tracker } from "../run/progress.ts";
import type { Registry } from "../run/registry.ts";
import type { WorkerConnections } from "./connections.ts";
import type { Phase, StopPhase } from "./stop_phases.ts";

/** State and parts that are shared within a session. Only the session and its stop write to it. */
export interface SessionContext {
  readonly settings: ConsumerSettings;
  readonly registry: Registry;
  readonly events: Emitter<ConsumerEvents>;
  /** Observes every run, for telemetry. */
  readonly observer: ConsumerObserver | undefined;
  /** The time of day, for times that are shown to users. */
  readonly clock: Clock;
  /** The same clock, but never set back, for deadlines and durations. */
  readonly monotonic: MonotonicClock;
  /** The server's time of day, for times that the server compares with its own. */
  readonly serverClock: ServerClock;
  readonly connections: WorkerConnections;
  /** Enqueues jobs for handlers. */
  readonly producer: Producer;
  /** Sends the progress of jobs. */
  readonly tracker: Tracker;
  readonly phase: Phase;
  /**
   * Does what can be done next: fetches jobs, or enters the next phase. Every part calls it when
   * something has ended.
   */
  advance(): void;
}

/** The context for those parts that may write to it. */
export type OwnedContext = SessionContext & { phase: Phase };

/** Enters a phase, and emits `state` if the public state changes. */
export function enterPhase(context: OwnedContext, phase: Phase): void {
  const before = stateOf(context.phase);
  context.phase = phase;
  const state = stateOf(phase);
  if (state !== before) context.events.emit("state", { state });
}

/** Returns the public state of a phase. */
export function stateOf(phase: Phase): ConsumerState {
  return isStopping(phase) ? "stopping" : phase;
}

/** Returns true if the session is stopping. */
export function isStopping(phase: Phase): phase is StopPhase {
  return phase !== "running" && phase !== "quiet" && phase !== "stopped";
}

/** Returns the number of waiting jobs in each queue of the server (INFO). */
export async function waitingJobs(
  { serverClock }: Pick<SessionContext, "serverClock">,
): Promise<Readonly<Record<string, number>>> {
  return parseServerInfo(await serverClock.info()).queues;
}
