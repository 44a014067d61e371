import type { Consumer, Logger } from "../../../../mod.ts";
import { formatCount } from "../../text.ts";
import type { Level } from "../../timed_log.ts";
import { round1, type WorkLog } from "./log.ts";
import { messageOf } from "./error_position.ts";

/** Logs the events of a consumer. */
export function logEvents(consumer: Consumer, log: WorkLog, graceMs: number): void {
  consumer.on("done", ({ job, elapsedMs }) => {
    const ms = round1(elapsedMs);
    log.job("done", job, { elapsedMs: ms }, `in ${ms} ms`);
  });
  consumer.on("fail", (detail) => log.jobFailed(detail));
  consumer.on("dead", (detail) => log.jobFailedFinally("dead", detail, detail.deadLetter));
  consumer.on("dropped", (detail) => log.jobFailedFinally("dropped", detail));
  consumer.on("discard", ({ job, outcome, elapsedMs }) => {
    const { message } = outcome;
    log.job(
      "discard",
      job,
      { elapsedMs: round1(elapsedMs), message },
      `after ${round1(elapsedMs)} ms: ${message}`,
    );
  });
  consumer.on("snooze", ({ job, outcome: { seconds }, elapsedMs }) => {
    log.job("snooze", job, { elapsedMs: round1(elapsedMs), seconds }, `for ${seconds} s`);
  });
  consumer.on("requeued", ({ job, reason }) => log.job("requeued", job, { reason }, `(${reason})`));
  consumer.on("state", ({ state }) => {
    if (state === "quiet") log.log("quiet", {}, "Quiet: fetches no more jobs");
    const running = consumer.running.length;
    if (state !== "stopping" || running === 0 || log.hasCrashed) return;
    const patience = `waits up to ${graceMs / 1000} s for ${formatCount(running, "job")}`;
    log.log("stopping", { running }, `Stopping: ${patience}; a second signal aborts them`);
  });
  logTroubles(consumer, log);
}

function logTroubles(consumer: Consumer, log: WorkLog): void {
  consumer.on("disconnect", ({ error: { message }, connections, retryInMs }) => {
    const next = retryInMs === undefined ? "" : `; retries in ${round1(retryInMs / 1000)} s`;
    const fields = { message, connections, retryInMs };
    log.warn("disconnect", fields, `Disconnected: ${message}${next}`);
  });
  consumer.on("outage", ({ error: { message }, outageMs }) => {
    log.warn(
      "outage",
      { message, outageMs },
      `Disconnected for ${Math.round(outageMs / 1000)} s`,
    );
  });
  consumer.on("reconnect", (recovery) => {
    log.log("reconnect", recovery, `Reconnected after ${round1(recovery.outageMs / 1000)} s`);
  });
  consumer.on("expired", ({ job: { jid, type } }) => {
    const text = `${type} ${jid} exceeded its reservation and will run again elsewhere`;
    log.warn("expired", { jid, type }, text);
  });
  consumer.on("unreported", ({ job: { jid, type }, error }) => {
    const message = messageOf(error);
    const text = `Cannot report the result of ${type} ${jid}, which may run again: ${message}`;
    log.warn("unreported", { jid, type, message }, text);
  });
  consumer.on("fetchError", ({ error }) => {
    const message = messageOf(error);
    log.warn("fetchError", { message }, `Cannot fetch a job: ${message}`);
  });
  consumer.on("lag", ({ lagMs }) => {
    const seconds = round1(lagMs / 1000);
    const text =
      `The event loop was blocked for ${seconds} s; use isolated() for jobs that compute`;
    log.warn("lag", { lagMs: Math.round(lagMs) }, text);
  });
  consumer.on("clock", ({ setBackMs }) => {
    log.warn("clock", { setBackMs }, `The clock was set back by ${round1(setBackMs / 1000)} s`);
  });
  consumer.on("warning", ({ code, message }) => log.warn("warning", { code, message }, message));
}

/** Creates the logger behind the handlers' `context.log`. Levels below info are left out. */
export function loggerOf(log: WorkLog): Logger {
  const level = (name: Level): Logger["info"] => (message, fields = {}) => {
    const { jid, type, queue: _queue, attempt: _attempt, ...more } = fields;
    const rest = Object.keys(more).length === 0 ? "" : ` ${showFields(more)}`;
    const front = name === "info" ? "info " : "";
    log.log("log", { message, ...fields }, `${front}${type} ${jid}: ${message}${rest}`, name);
  };
  const nothing = () => {};
  return {
    trace: nothing,
    debug: nothing,
    info: level("info"),
    warn: level("warn"),
    error: level("error"),
  };
}

function showFields(fields: object): string {
  try {
    return JSON.stringify(fields);
  } catch {
    return "{..}";
  }
}

/** Logs the consumer's state and its running jobs, on SIGTTIN. */
export function printState(consumer: Consumer, log: WorkLog): void {
  const { wid, state, running } = consumer;
  const jobs = running.map(({ job: { jid, type, queue }, attempt, startedAt }) => ({
    ...{ jid, type, queue, attempt, startedAt: startedAt.toISOString() },
  }));
  const lines = jobs.map(({ jid, type, queue, startedAt }) =>
    `; ${type} ${jid} of ${queue} since ${startedAt}`
  );
  const text = `Worker ${wid} is ${state} and runs ${formatCount(jobs.length, "job")}${
    lines.join("")
  }`;
  log.log("state", { wid, state, running: jobs }, text);
}
