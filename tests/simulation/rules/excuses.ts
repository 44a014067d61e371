/**
 * All excuses of the rules. Most are faults since some moment: `since(itsCall, serverFault)`. A
 * fault that still lasts has the time at which it will end, or `Infinity`.
 */

import type { Entry } from "../entry.ts";
import type { SimulatedProcess } from "../process.ts";
import type { Worker } from "../worker.ts";
import type { Excuse, Facts } from "./rule.ts";

/** Returns the simulated time of a moment, or of the last fault of a kind. */
type Time<C> = (it: C, facts: Facts) => number;

interface OfJob {
  readonly entry: Entry;
}

interface OfProcess {
  readonly process: SimulatedProcess;
}

interface OfWorker {
  readonly worker: Worker;
}

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

// Moments.

/** The moment `ms` milliseconds before another one. */
export function before<C>(ms: number, moment: Time<C>): Time<C> {
  return (it, facts) => moment(it, facts) - ms;
}

export const now: Time<unknown> = (_, facts) => facts.now;
export const theStart: Time<unknown> = () => 0;
/** The call that enqueued the job. */
export const itsCall: Time<OfJob> = ({ entry }) => entry.calledAt;
/** The last FETCH that brought the job to a worker. */
export const itsFetch: Time<OfJob> = ({ entry }) => entry.handedAt;
/** The call of `cancel`, and its end. */
export const itsCancel: Time<OfJob> = ({ entry }) => entry.cancelCalledAt;
export const cancelled: Time<OfJob> = ({ entry }) => entry.cancelledAt;

// Faults of the server.

/** Any fault: it was paused or down, its clock was set, or it saved late. */
export const serverFault: Time<unknown> = (_, { server }) => server.troubledAt;
/** A fault for which clients replace their connections. */
export const serverLost: Time<unknown> = (_, { server }) => server.lostAt;
export const serverClockSet: Time<unknown> = (_, { server }) => server.jumpedAt;
/** Its clock was set without a restart, so clients do not notice. */
export const serverClockSetAlive: Time<unknown> = (_, { server }) => server.setAt;
export const flushed: Time<unknown> = (_, { server }) => server.flushedAt;

// Faults of processes.

/** Any fault of the process that the case is about: it was killed or paused, or a connection. */
export const processFault: Time<OfProcess> = ({ process }) => process.troubledAt;
export const processPausedOrClockSet: Time<OfProcess> = ({ process }) => process.pausedAt;
export const processPaused: Time<OfProcess> = ({ process }) => process.heldAt;
export const processClockSet: Time<OfProcess> = ({ process }) => process.jumpedAt;
/** A write of it had to wait for room in a send buffer. */
export const writeStuck: Time<OfProcess> = ({ process }) => process.stuckAt;

/** The same, of the process that enqueued the job. */
export const producerFault: Time<OfJob> = ({ entry }) => timeOf(entry.producer?.troubledAt);
export const producerLost: Time<OfJob> = ({ entry }) => timeOf(entry.producer?.lostAt);
export const producerClockSet: Time<OfJob> = ({ entry }) => timeOf(entry.producer?.jumpedAt);

/** The same, of the worker that had the job last. */
export const holderFault: Time<OfJob> = ({ entry }) => timeOf(entry.holder?.process.troubledAt);
export const holderPausedOrClockSet: Time<OfJob> = ({ entry }) =>
  timeOf(entry.holder?.process.pausedAt);

/** A fault of any worker that has or had the job. */
export const anyHolderFault: Time<OfJob> = ({ entry: { holder, formerHolders } }) => {
  let last = timeOf(holder?.process.troubledAt);
  for (const { process } of formerHolders) last = Math.max(last, process.troubledAt);
  return last;
};

function timeOf(ms: number | undefined): number {
  return ms ?? -Infinity;
}

// Excuses of jobs.

/** Two workers had copies of it at the same time. ACK and FAIL name only the job. */
export const isShared: Excuse<OfJob> = ({ entry }) => entry.isShared;
export const isOfLibrary: Excuse<OfJob> = ({ entry }) => entry.number < 0;
export const isCancelled: Excuse<OfJob> = ({ entry }) => entry.cancelCalledAt < Infinity;
/** A worker of it meant to push it again. */
export const isToRequeue: Excuse<OfJob> = ({ entry }) => entry.toRequeue > 0;
/** The reply was lost and the job was sent again, when an equal job had come first. */
export const isRefusedAsEqual: Excuse<OfJob> = ({ entry }) => entry.isRefusedAsEqual;
/** It was sent twice after a lost reply. */
export const isTwice: Excuse<OfJob> = ({ entry: { pushes, requeued } }) => pushes - requeued > 1;
export const hadOtherHolders: Excuse<OfJob> = ({ entry }) => entry.formerHolders.length > 0;
/** Its worker has announced that it cannot report the result, or that the reservation ended. */
export const isAnnounced: Excuse<OfJob> = ({ entry }) => entry.isExcused;

/**
 * The result of an earlier run came late. An ACK or a FAIL whose reply was lost is sent again, and
 * may then end the next run of its job.
 */
export const isResultOfEarlierRun: Excuse<OfJob> = allOf(
  ({ entry }) => entry.handed > 1,
  since(itsCall, serverFault, anyHolderFault),
);

// Excuses of workers.

export const isStopping: Excuse<OfWorker> = ({ worker }) => worker.isStopping;
/** The server told it to go quiet or to end. */
export const isSignalled: Excuse<OfWorker> = ({ worker }) => worker.isSignalled;
export const isDead: Excuse<OfProcess> = ({ process }) => process.isDead;

/** A worker that stops releases its jobs by FAIL. */
export const isReleased: Excuse<OfJob> = ({ entry: { holder, formerHolders } }) =>
  [holder, ...formerHolders].some((one) => one?.isStopping || one?.isSignalled);

// Excuses of the server.

/** The server has lost saved changes: it kept nothing, or its disk lied. */
export const isLossy: Excuse<{ readonly isLossy: boolean }> = (it) => it.isLossy;
/** The last change of the job was not saved. */
export const isUnsaved: Excuse<OfJob> = ({ entry }, { journal }) => journal?.isOpen(entry) === true;
