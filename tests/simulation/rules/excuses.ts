import type { Entry } from "../entry.ts";
import type { Excuse, Facts, OfJob, OfProcess, OfWorker } from "./rule.ts";

/** Returns the simulated time of a moment, or of the last fault of a kind. */
type Time<C> = (it: C, facts: Facts) => number;

/** Excuses a case if there was one of the faults at that moment or later. */
export function since<M, F>(moment: Time<M>, ...faults: readonly Time<F>[]): Excuse<M & F> {
  return (it, facts) => {
    const from = moment(it, facts);
    return faults.some((fault) => fault(it, facts) >= from);
  };
}

/** Like `since`, for faults later than the moment. */
export function after<M, F>(moment: Time<M>, ...faults: readonly Time<F>[]): Excuse<M & F> {
  return (it, facts) => {
    const from = moment(it, facts);
    return faults.some((fault) => fault(it, facts) > from);
  };
}

/** Excuses a case if all of the excuses do. */
export function allOf<C>(...excuses: readonly Excuse<C>[]): Excuse<C> {
  return (it, facts) => excuses.every((excuse) => excuse(it, facts));
}

/** Counts the cases that one of the excuses allows. */
export function counted<C>(name: string, ...excuses: readonly Excuse<C>[]): Excuse<C> {
  const any: Excuse<C> = (it, facts) => excuses.some((excuse) => excuse(it, facts));
  return Object.assign(any, { counted: name });
}

/** Moments from which faults excuse a case. */
export const at = {
  now: (_: unknown, { now }: Facts) => now,
  start: () => 0,
  /** The call that enqueued the job. */
  call: ({ entry }: OfJob) => entry.calledAt,
  /** The last FETCH that brought the job to a worker. */
  fetch: ({ entry }: OfJob) => entry.handedAt,
  /** The call of `cancel`, and its end. */
  cancel: ({ entry }: OfJob) => entry.cancelCalledAt,
  cancelled: ({ entry }: OfJob) => entry.cancelledAt,
  /** The worker became quiet; its stop began; the first of both. */
  quiet: ({ worker }: OfWorker) => worker.quietAt,
  stop: ({ worker }: OfWorker) => worker.stopsAt,
  end: ({ worker }: OfWorker) => worker.fetchesUntil,
  /** Another event, which the case has the time of. */
  event: ({ atMs }: { readonly atMs: number }) => atMs,
};

/** Returns the moment `ms` milliseconds before another one. */
export function before<C>(ms: number, moment: Time<C>): Time<C> {
  return (it, facts) => moment(it, facts) - ms;
}

/**
 * The faults: each returns the simulated time of the last one, or the time at which it will end, or
 * `Infinity` if it lasts.
 */
export const fault = {
  /** The server was paused or down, its clock was set, or it saved late. */
  ofServer: (_: unknown, { server }: Facts) => server.troubledAt,
  /** A fault of the server for which clients replace their connections. */
  serverLost: (_: unknown, { server }: Facts) => server.lostAt,
  serverClockSet: (_: unknown, { server }: Facts) => server.jumpedAt,
  /** The server's clock was set without a restart, so clients do not notice. */
  serverClockSetAlive: (_: unknown, { server }: Facts) => server.setAt,
  flush: (_: unknown, { server }: Facts) => server.flushedAt,

  /** The process was killed or paused, its clock was set, or a connection of it had a fault. */
  ofProcess: ({ process }: OfProcess) => process.troubledAt,
  pausedOrClockSet: ({ process }: OfProcess) => process.pausedAt,
  paused: ({ process }: OfProcess) => process.heldAt,
  clockSet: ({ process }: OfProcess) => process.jumpedAt,
  /** A write of the process had to wait for room in a send buffer. */
  writeStuck: ({ process }: OfProcess) => process.stuckAt,

  /** The same, for the process that enqueued the job. */
  ofProducer: ({ entry }: OfJob) => entry.producer?.troubledAt ?? -Infinity,
  producerLost: ({ entry }: OfJob) => entry.producer?.lostAt ?? -Infinity,
  producerClockSet: ({ entry }: OfJob) => entry.producer?.jumpedAt ?? -Infinity,

  /** The same, for the worker that had the job last, and for all that had it. */
  ofHolder: ({ entry }: OfJob) => entry.holder?.process.troubledAt ?? -Infinity,
  holderPausedOrClockSet: ({ entry }: OfJob) => entry.holder?.process.pausedAt ?? -Infinity,
  ofAnyHolder: ({ entry }: OfJob) =>
    Math.max(...holdersOf(entry).map(({ process }) => process.troubledAt)),
};

/** Excuses of a job. */
export const jobIs = {
  /** Two workers had copies of it at the same time. ACK and FAIL name only the job. */
  shared: ({ entry }: OfJob) => entry.isShared,
  /** The library created it. It also sends ACK and FAIL for such jobs outside of handlers. */
  ofLibrary: ({ entry }: OfJob) => entry.number < 0,
  cancelled: ({ entry }: OfJob) => entry.cancelCalledAt < Infinity,
  /** A worker of it meant to push it again. */
  toBeRequeued: ({ entry }: OfJob) => entry.toRequeue > 0,
  /** The reply was lost and the job was sent again, when an equal job had come first. */
  refusedAsEqual: ({ entry }: OfJob) => entry.isRefusedAsEqual,
  /** It was sent twice after a lost reply. */
  twice: ({ entry: { pushes, requeued } }: OfJob) => pushes - requeued > 1,
  heldBefore: ({ entry }: OfJob) => entry.formerHolders.length > 0,
  /** Its worker has announced that it cannot report the result, or that the reservation ended. */
  announced: ({ entry }: OfJob) => entry.isExcused,
  /** A worker that stops releases its jobs by FAIL. */
  released: ({ entry }: OfJob) => holdersOf(entry).some(({ isEnding }) => isEnding),
  /** Its last change was not saved. */
  unsaved: ({ entry }: OfJob, { journal }: Facts) => journal?.isOpen(entry) === true,
  /**
   * The result of an earlier run came late. An ACK or a FAIL whose reply was lost is sent again,
   * and may then end the next run of its job.
   */
  reportedByEarlierRun: allOf(
    ({ entry }: OfJob) => entry.handed > 1,
    since(at.call, fault.ofServer, fault.ofAnyHolder),
  ),
};

/** Excuses of a worker. */
export const workerIs = {
  dead: ({ process }: OfProcess) => process.isDead,
  stopping: ({ worker }: OfWorker) => worker.isStopping,
  /** The server told it to go quiet or to end. */
  signalled: ({ worker }: OfWorker) => worker.isSignalled,
  /** The simulation has not stopped it. */
  notStopped: ({ worker }: OfWorker) => worker.stopsAt === Infinity,
};

function holdersOf({ holder, formerHolders }: Entry) {
  return holder === undefined ? formerHolders : [holder, ...formerHolders];
}
