import type { Clock } from "../internal/clock.ts";
import { ageOf } from "./age.ts";
import type { Failure } from "./failure.ts";
import { setOwn } from "./go/reader.ts";
import { textOf, toUpper } from "./go/text.ts";
import { decode, type Integer, unmarshal } from "./go/decode.ts";
import { marshal } from "./go/encode.ts";
import { GoError } from "./go/error.ts";
import { CodedError } from "./hooks.ts";
import { LargeLine, type Line, OversizedLine } from "./line.ts";
import { largePush } from "./large/push.ts";
import type { Inspector } from "./inspect/inspector.ts";
import { inspect } from "./inspect/inspect_command.ts";
import type { Manager } from "./manager.ts";
import { mutate } from "./mutate.ts";
import { type Payload, payloadBytes } from "./payload.ts";
import { bulk, errorReply, NIL, OK, type Reply } from "./reply.ts";
import { runToEnd, type Slices, type Work } from "./slices.ts";
import { readJob, readJobs } from "./stored_job.ts";
import type { ClientData, Workers } from "./workers.ts";

/** The parts of the server that commands use. */
export interface CommandContext {
  readonly manager: Manager;
  readonly workers: Workers;
  /** Runs long work in slices. */
  readonly slices: Slices;
  readonly clock: Clock;
  /** Commands of Enterprise. `undefined` on a free server. */
  readonly enterprise: EnterpriseCommands | undefined;
  /** Lists and changes jobs for the dashboard and the command line. */
  readonly inspector: Inspector;
  /** The reply to INFO, as JSON. */
  info(): string;
  /** Counts a command: a line whose verb is known. */
  countCommand(): void;
  /** Waits for the fetch timeout, or until the server closes or the client leaves. */
  sleep(client: ClientData): Promise<void>;
}

/**
 * Commands that the free server refuses. Each returns the text of the reply, or `undefined` for OK.
 */
export interface EnterpriseCommands {
  batch(line: string): string | undefined;
  track(line: string): string | undefined;
}

/** Runs the lines of one verb. */
type CommandHandler = (
  context: CommandContext,
  client: ClientData,
  line: string,
) => Reply | Promise<Reply>;

/**
 * Returns the text after the verb.
 *
 * @throws {TypeError} if the line ends with the verb, which becomes an internal error. The handler
 *   of the reference server panics in this case.
 */
function argumentsOf(line: string, verb: string): string {
  if (line.length <= verb.length) throw new TypeError("no payload");
  return line.slice(verb.length + 1);
}

const COMMANDS: ReadonlyMap<string, CommandHandler> = new Map<string, CommandHandler>([
  ["PUSH", push],
  ["PUSHB", pushBulk],
  ["FETCH", fetch],
  ["ACK", acknowledge],
  ["FAIL", fail],
  ["BEAT", beat],
  ["INFO", (context) => bulk(context.info())],
  ["FLUSH", (context) => {
    context.manager.flush();
    return OK;
  }],
  ["MUTATE", ({ manager, slices }, _client, line) => {
    const done = slices.run(mutate(manager, line));
    return done instanceof Promise ? done.then(() => OK) : OK;
  }],
  ["QUEUE", queue],
  [
    "BATCH",
    ({ enterprise }, _client, line) =>
      enterprise === undefined
        ? errorReply("batch subsystem is only available in Faktory Enterprise")
        : bulkOrOk(enterprise.batch(line)),
  ],
  [
    "TRACK",
    ({ enterprise }, _client, line) =>
      enterprise === undefined
        ? errorReply("tracking subsystem is only available in Faktory Enterprise")
        : bulkOrOk(enterprise.track(line)),
  ],
  // Only this server has INSPECT. The reference server has no command that lists jobs.
  ["INSPECT", ({ inspector }, _client, line) => inspect(inspector, argumentsOf(line, "INSPECT"))],
  ["END", () => undefined],
]);

/** Runs a line and returns the reply. */
export function execute(
  context: CommandContext,
  client: ClientData,
  line: Line,
): Reply | Promise<Reply> {
  if (line instanceof OversizedLine) return errorReply(`line is longer than ${line.max} bytes`);
  if (line instanceof LargeLine) {
    const push = largePush(context.manager, line);
    // Other commands fit in one text.
    if (push === undefined) return execute(context, client, textOf(runToEnd(line.join())));
    context.countCommand();
    return replyOrError(() => context.slices.run(push));
  }
  const space = line.indexOf(" ");
  const verb = space < 0 ? line : line.slice(0, space);
  const run = COMMANDS.get(verb);
  if (run === undefined) return errorReply(`unknown command ${verb}`);
  context.countCommand();
  return replyOrError(() => run(context, client, line));
}

/** Returns the reply, or the error reply if `run` throws or rejects. */
function replyOrError(run: () => Reply | Promise<Reply>): Reply | Promise<Reply> {
  try {
    const reply = run();
    return reply instanceof Promise ? reply.catch(replyToError) : reply;
  } catch (error) {
    return replyToError(error);
  }
}

function bulkOrOk(text: string | undefined): string {
  return text === undefined ? OK : bulk(text);
}

function replyToError(error: unknown): string {
  if (error instanceof CodedError) return `-${error.message}\r\n`;
  return errorReply(error instanceof GoError ? error.message : "internal error");
}

function push({ manager }: CommandContext, _client: ClientData, line: string): string {
  manager.push(invalidJson(() => readJob(argumentsOf(line, "PUSH"))));
  return OK;
}

function pushBulk({ manager }: CommandContext, _client: ClientData, line: string): string {
  const jobs = invalidJson(() => readJobs(argumentsOf(line, "PUSHB")));
  const refused: Record<string, string> = {};
  let count = 0;
  for (const job of jobs) {
    try {
      manager.push(job);
    } catch (error) {
      if (!(error instanceof GoError)) throw error;
      count++;
      setOwn(refused, job.jid, error.message);
    }
  }
  return count === 0 ? "$2\r\n{}\r\n" : bulk(marshal(refused));
}

function invalidJson<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof GoError ? new GoError(`invalid JSON: ${error.message}`) : error;
  }
}

function fetch(
  { manager, sleep }: CommandContext,
  client: ClientData,
  line: string,
): Reply | Promise<Reply> {
  // A quiet worker gets no jobs, but only on the connection that the server has marked as quiet.
  if (client.state !== "running") return sleep(client).then(() => NIL);
  const job = manager.fetches.fetch(line.split(" ").slice(1), client.wid, (end) => {
    client.endWait = end;
    if (client.isGone) end();
  });
  return job instanceof Promise ? job.then(jobReply) : jobReply(job);
}

function jobReply(job: Payload | undefined): Reply {
  if (job === undefined) return NIL;
  if (typeof job === "string") return bulk(job);
  const { head, args, tail } = job;
  return [`$${payloadBytes(job)}\r\n${head}`, args.bytes, `${tail}\r\n`];
}

function acknowledge({ manager }: CommandContext, _client: ClientData, line: string): string {
  const payload = argumentsOf(line, "ACK");
  const fields = orInvalid("ACK", payload, () => decode(payload, "map[string]string"));
  const { jid } = (fields ?? {}) as { jid?: string };
  if (jid === undefined) throw new GoError(`invalid ACK ${payload}`);
  manager.acknowledge(jid);
  return OK;
}

function fail({ manager }: CommandContext, _client: ClientData, line: string): string {
  const payload = argumentsOf(line, "FAIL");
  const fields = orInvalid("FAIL", payload, () =>
    unmarshal(payload, "manager.FailPayload", {
      jid: "string",
      message: "string",
      errtype: "string",
      backtrace: "[]string",
    })) as Partial<Failure>;
  manager.fail({
    jid: fields.jid ?? "",
    errtype: fields.errtype ?? "",
    message: fields.message ?? "",
    backtrace: fields.backtrace ?? [],
  });
  return OK;
}

function beat({ workers }: CommandContext, _client: ClientData, line: string): string {
  const payload = argumentsOf(line, "BEAT");
  const { wid = "", current_state = "", rss_kb } = orInvalid(
    "BEAT",
    payload,
    () =>
      unmarshal(payload, "server.ClientBeat", {
        current_state: "string",
        wid: "string",
        rss_kb: "int64",
      }),
  ) as { wid?: string; current_state?: string; rss_kb?: Integer };
  const state = workers.beat(wid, current_state, Number(rss_kb ?? 0));
  if (state === undefined) throw new GoError(`unknown worker ${wid}`);
  return state === "running" ? OK : bulk(`{"state":"${state}"}`);
}

function orInvalid<T>(verb: string, payload: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof GoError ? new GoError(`invalid ${verb} ${payload}`) : error;
  }
}

function queue(
  context: CommandContext,
  _client: ClientData,
  line: string,
): Reply | Promise<Reply> {
  const { queues } = context.manager;
  const [subcommand, ...names] = argumentsOf(line, "QUEUE").split(" ");
  const verb = toUpper(subcommand!);
  if (verb === "LATENCY") return latency(context, names);
  const changes: Record<string, (name: string) => void> = {
    PAUSE: (name) => queues.pause(name),
    RESUME: (name) => queues.resume(name),
    REMOVE: (name) => context.slices.start(queues.remove(name)),
  };
  const change = Object.hasOwn(changes, verb) ? changes[verb]! : undefined;
  if (change === undefined) throw new GoError(`no such QUEUE subcommand: ${verb}`);
  if (names.length === 0) throw new TypeError("no queue");
  const done = context.slices.run(changeEach(names[0] === "*" ? queues.names() : names, change));
  return done instanceof Promise ? done.then(() => OK) : OK;
}

/** Changes queues in steps, since there may be very many. */
function* changeEach(names: readonly string[], change: (name: string) => void): Work<void> {
  for (const [i, name] of names.entries()) {
    change(name);
    if (i % QUEUES_AT_ONCE === QUEUES_AT_ONCE - 1) yield;
  }
}

/** Queues that are changed between two yields. */
const QUEUES_AT_ONCE = 64;

function latency({ manager, clock }: CommandContext, names: readonly string[]): string {
  if (names.length === 1 && names[0] === "*") {
    throw new GoError("QUEUE LATENCY does not support wildcards");
  }
  const ages: Record<string, number> = {};
  for (const name of names) setOwn(ages, name, ageOf(manager.queues.oldest(name), clock.now()));
  return bulk(marshal(ages));
}
