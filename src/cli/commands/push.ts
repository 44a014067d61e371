import type { Command } from "commander";
import { showText } from "../../internal/show.ts";
import type { JobFields } from "../../../mod.ts";
import type { CommandDefinition, Invocation } from "../command.ts";
import { addConnectionFlags, withProducer } from "../connect.ts";
import { CliError } from "../failure.ts";
import { integer, jsonOrText, repeated, time } from "../parse.ts";
import { pushLines, type PushLinesFlags } from "../ndjson/push_lines.ts";
import { Status } from "../status.ts";

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
  summary: "Enqueues a job and prints its id, or the jobs of files",
  details: "Each argument is JSON where it can be read as such (320, true, null, '[1,2]', " +
    "'\"320\"'), else a text\n(cat.png). With --text all are texts.\n\n" +
    "With --ndjson each line of the files is a job as JSON: " +
    '{"type":"resize","args":["cat.png",320]}.\n' +
    "It ends at the first line that is none, with exit status 65, unless --skip-invalid is given.",
  examples: [
    ["push resize cat.png 320", 'a text and a number: ["cat.png", 320]'],
    ["push --text dial 0123 456", 'two texts: ["0123", "456"]'],
    ['push mail \'{"to": "ann"}\' --queue mail --at +5m', "an object, in five minutes"],
    ["push --ndjson jobs.ndjson", "a job for each line; - is standard input"],
    ["push --skip-invalid --ndjson *.ndjson", "many files at once, telling of bad lines"],
    ["push import --retry 0 --custom tenant=acme", "never tried again, with something to go along"],
  ],
  configure(command: Command): void {
    command
      .argument("[type]", "which handler runs it")
      .argument("[args...]", "the handler's arguments; with --ndjson, more files")
      .option("--text", "take each argument as a text")
      .option("-q, --queue <name>", "the queue (default: default)")
      .option("--jid <id>", "its id, 8 characters or more (default: a random one)")
      .option(
        "--retry <number>",
        "tries after a failure; -1: to the dead (default: 25)",
        integer(-1),
      )
      .option("--at <time>", "not before: +90s, +5m, +2h, +1d, or as in ISO 8601", time)
      .option("--reserve-for <seconds>", "how long it may run (default: 1800)", integer(60, 86_400))
      .option("--backtrace <lines>", "lines of a failure's stack to keep", integer(0))
      .option("--custom <name=value>", "goes along with it, JSON or text; repeatable", repeated)
      .option("--ndjson <file>", "enqueue the jobs of this file, - for standard input", repeated)
      .option("--skip-invalid", "with --ndjson, leave out what is no job, and go on");
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
      "leave it out, and say it in each line",
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
    "write it as in --custom tenant=acme",
  );
}
