import { integer, path, readArgs, UsageError } from "../usage.ts";

const RUNTIMES = ["deno", "bun", "node"] as const;

/** A runtime that the load can run on. */
export type SoakRuntime = (typeof RUNTIMES)[number];

/** Options of `deno task soak`. */
export interface SoakOptions {
  readonly minutes: number;
  readonly runtime: SoakRuntime;
  /** Jobs a second. */
  readonly rate: number;
  /** Seed of the sequence of faults. */
  readonly seed: number;
  readonly hasFaults: boolean;
  /** The file to write all samples and the verdict to. */
  readonly json: string | undefined;
}

const MINUTES = 10;
const RATE = 500;

/** Printed by `--help`. */
export const help: string = `deno task soak [OPTION..]

Moves jobs from a producer to a consumer at a steady rate, through a proxy that breaks, silences and
cuts their connections from time to time, and watches memory, handles and the event loop of their
process. It fails where memory goes on growing, handles are left, the event loop is held up, or a
job is lost or runs twice without need. The server is an embedded one in a process of its own, or
that of FAKTORY_URL, on queues of its own (soak-..), which are removed.

  --minutes N         how long jobs are enqueued; ${MINUTES} if not given
  --runtime NAME      what producer and consumer run on: ${RUNTIMES.join(", ")}; deno if not given
  --rate N            jobs a second; ${RATE} if not given
  --seed N            another sequence of faults
  --no-faults         leaves the connections alone
  --json FILE         writes all samples and the verdict to a file
  --help              prints this`;

const flags = {
  minutes: { type: "string" },
  runtime: { type: "string" },
  rate: { type: "string" },
  seed: { type: "string" },
  "no-faults": { type: "boolean" },
  json: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** Reads the command line; `undefined` if it asks for help. */
export function readOptions(args: readonly string[]): SoakOptions | undefined {
  const values = readArgs(args, flags);
  if (values.help === true) return undefined;
  return {
    minutes: minutesOf(values.minutes) ?? MINUTES,
    runtime: runtimeOf(values.runtime ?? "deno"),
    rate: integer("rate", values.rate) ?? RATE,
    seed: integer("seed", values.seed) ?? 1,
    hasFaults: values["no-faults"] !== true,
    json: path("json", values.json),
  };
}

function minutesOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const minutes = Number(value);
  if (value.trim() !== "" && minutes > 0 && minutes <= 10_000) return minutes;
  throw new UsageError(`Cannot use --minutes as it is not a number above 0: got "${value}"`);
}

function runtimeOf(value: string): SoakRuntime {
  const known = RUNTIMES.find((name) => name === value);
  if (known !== undefined) return known;
  throw new UsageError(`Cannot use --runtime as "${value}" is none of ${RUNTIMES.join(", ")}`);
}
