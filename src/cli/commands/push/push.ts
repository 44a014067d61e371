import type { Command } from "commander";
import { showText } from "../../../internal/show.ts";
import type { JobFields } from "../../../../mod.ts";
import type { CommandDefinition, Invocation } from "../../command.ts";
import { addConnectionFlags, withProducer } from "../../connect.ts";
import { CliError } from "../../failure.ts";
import { collect, integer, jsonOrText, time } from "../../parse.ts";
import { pushLines, type PushLinesFlags } from "./push_lines.ts";
import { Status } from "../../status.ts";

interface PushFlags extends PushLinesFlags {
  readonly ndjson?: readonly string[];
  readonly text?: boolean;
  readonly queue?: string;
  readonly jid?: string;
  readonly retry?: number;
  readonly at?: Date;
  readonly reserveFor?: number;
  readonly backtrace?: number;
  readonly custom?: readonly string[];
}

/** `faktory push`: enqueues one job, or with `--ndjson` the jobs of files. */
export const push: CommandDefinition<PushFlags> = {
  name: "push",
  summary: "Enqueues a job and prints its id, or enqueues the jobs in files",
  details: "Each argument is parsed as JSON if possible (320, true, null, '[1,2]', '\"320\"'), " +
    "otherwise it is a string (cat.png). With --text, all are strings.\n\n" +
    "With --ndjson, each line of the files is a job in JSON: " +
    '{"type":"resize","args":["cat.png",320]}. ' +
    "An invalid line ends the command with exit status 65, unless --skip-invalid is given.",
  examples: [
    ["push resize cat.png 320", 'a string and a number: ["cat.png", 320]'],
    ["push --text dial 0123 456", 'two strings: ["0123", "456"]'],
    ['push mail \'{"to": "ann"}\' --queue mail --at +5m', "an object, in five minutes"],
    ["push --ndjson jobs.ndjson", "a job for each line; - is standard input"],
    ["push --skip-invalid --ndjson *.ndjson", "several files at once, with reports of bad lines"],
    ["push import --retry 0 --custom tenant=acme", "without retries, with custom data"],
  ],
  configure(command: Command): void {
    command
      .argument("[type]", "the job's type, which selects its handler")
      .argument("[args...]", "the job's arguments; with --ndjson, more files")
      .option("--text", "treat each argument as a string")
      .option("-q, --queue <name>", "the queue (default: default)")
      .option("--jid <id>", "the job's id, at least 8 characters (default: random)")
      .option(
        "--retry <number>",
        "retries; 0: drop it after a failure, -1: move it to the dead set (default: 25)",
        integer(-1),
      )
      .option("--at <time>", "when to run: +90s, +5m, +2h, +1d, or ISO 8601 (default: now)", time)
      .option("--reserve-for <seconds>", "time limit of a run (default: 1800)", integer(60, 86_400))
      .option("--backtrace <lines>", "lines of the stack to keep after a failure", integer(0))
      .option("--custom <name=value>", "custom data, JSON or a string; repeatable", collect)
      .option("--ndjson <file>", "enqueue the jobs in this file, - for standard input", collect)
      .option("--skip-invalid", "with --ndjson, report invalid lines and skip them");
    addConnectionFlags(command);
  },
  run,
};

async function run(invocation: Invocation<PushFlags>): Promise<number | void> {
  const { args, flags } = invocation;
  if (flags.ndjson !== undefined) {
    checkAlone(flags);
    return await pushLines([...flags.ndjson, ...args], invocation);
  }
  if (flags.skipInvalid === true) {
    throw new CliError(Status.usage, "Cannot use --skip-invalid without --ndjson", "add --ndjson");
  }
  if (args.length === 0) {
    throw new CliError(
      Status.usage,
      "missing required argument 'type'",
      "see faktory push --help",
    );
  }
  const job = jobOf(invocation);
  await withProducer(invocation, async (producer, { url }) => {
    const jid = await producer.enqueue(job);
    const { type, queue = "default" } = job;
    invocation.output.print({ jid, type, queue, url }, () => jid);
  });
}

/** Flags that describe one job. With `--ndjson`, each line has its own values. */
const JOB_FLAGS = {
  text: "--text",
  queue: "--queue",
  jid: "--jid",
  retry: "--retry",
  at: "--at",
  reserveFor: "--reserve-for",
  backtrace: "--backtrace",
  custom: "--custom",
} as const;

function checkAlone(flags: PushFlags): void {
  for (const [name, flag] of Object.entries(JOB_FLAGS)) {
    if (flags[name as keyof typeof JOB_FLAGS] === undefined) continue;
    throw new CliError(
      Status.usage,
      `Cannot use ${flag} with --ndjson`,
      "leave it out, and set it in each line",
    );
  }
}

function jobOf({ args: [type = "", ...args], flags }: Invocation<PushFlags>): JobFields {
  const { text, queue, jid, retry, at, reserveFor, backtrace, custom } = flags;
  return {
    type,
    args: text === true ? args : args.map(jsonOrText),
    ...{ queue, jid, retry, at, reserveFor, backtrace },
    custom: custom === undefined ? undefined : Object.fromEntries(custom.map(pair)),
  };
}

function pair(text: string): [name: string, value: unknown] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), jsonOrText(text.slice(at + 1))];
  throw new CliError(
    Status.usage,
    `Cannot use --custom as it is not name=value: got ${showText(text)}`,
    "write it like --custom tenant=acme",
  );
}
