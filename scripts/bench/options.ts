import { integer, path, readArgs, UsageError } from "../usage.ts";
import { clients } from "./clients.ts";
import { workloads } from "./workloads.ts";

/** What the bench is asked to do. */
export interface Options {
  readonly rounds: number;
  readonly ms: number;
  /** Names of workloads. */
  readonly only: readonly string[];
  /** Names of clients. */
  readonly clients: readonly string[];
  /** The file to write all figures to. */
  readonly json: string | undefined;
  /** The folder to write plots and their page to. */
  readonly plots: string | undefined;
  readonly isQuick: boolean;
  /** Whether the figures are compared with the goals. */
  readonly isCheck: boolean;
}

const MS = 2000;
const ROUNDS = 3;
const QUICK = { ms: 300, rounds: 1 };

const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);

/** What `--help` prints. */
export const help: string = `deno task bench [OPTION..]

Measures this package beside others, each in a process of its own, against a server that does
nothing and, where FAKTORY_URL is set, against that one: on queues of its own, which it removes.

  --rounds N          times that everything is measured, in turns; ${ROUNDS} if not given
  --ms N              how long one measurement takes, in milliseconds; ${MS} if not given
  --only NAME,..      these workloads alone
  --clients NAME,..   these clients alone
  --json FILE         writes all figures to a file
  --plots FOLDER      writes plots to a folder, as SVG, and a page with them and all tables
  --check             compares the figures with the goals
  --quick             one short round, to see that everything works; its figures mean nothing
  --help              prints this

${list("workloads", names(workloads))}
${list("clients", names(clients))}`;

/** Reads the command line; `undefined` where help is asked for. */
export function readOptions(args: readonly string[]): Options | undefined {
  const { help, quick, check, json, plots, ...values } = readArgs(args, flags);
  if (help) return undefined;
  return {
    rounds: integer("rounds", values.rounds) ?? (quick ? QUICK.rounds : ROUNDS),
    ms: integer("ms", values.ms) ?? (quick ? QUICK.ms : MS),
    only: namesOf("only", values.only, names(workloads)) ??
      names(workloads.filter(({ isOnlyByName }) => !isOnlyByName)),
    clients: namesOf("clients", values.clients, names(clients)) ?? names(clients),
    json: path("json", json),
    plots: path("plots", plots),
    isQuick: quick === true,
    isCheck: check === true,
  };
}

const flags = {
  rounds: { type: "string" },
  ms: { type: "string" },
  only: { type: "string" },
  clients: { type: "string" },
  json: { type: "string" },
  plots: { type: "string" },
  quick: { type: "boolean" },
  check: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

function namesOf(
  name: string,
  value: string | undefined,
  known: readonly string[],
): string[] | undefined {
  if (value === undefined) return undefined;
  const given = value.split(",").filter((part) => part !== "");
  for (const one of given) {
    if (known.includes(one)) continue;
    throw new UsageError(
      `Cannot use --${name} as ${JSON.stringify(one)} is none of ${known.join(", ")}`,
    );
  }
  if (given.length === 0) throw new UsageError(`Cannot use --${name} as it names nothing`);
  // In the order in which they are known, each once.
  return known.filter((one) => given.includes(one));
}

/** Names over as many lines as they need. */
function list(title: string, all: readonly string[]): string {
  const lines = [""];
  for (const name of all) {
    if (`${lines.at(-1)} ${name},`.length > 76) lines.push("");
    lines.push(`${lines.pop()} ${name},`);
  }
  return `${title}:\n${lines.map((line) => `  ${line.trim()}`).join("\n").slice(0, -1)}`;
}
