import { type Command, Option } from "commander";
import type { JobFilter, JobSet, Producer } from "../../../mod.ts";
import type { CommandDefinition, Invocation } from "../command.ts";
import { addConnectionFlags, type ConnectionFlags, withProducer } from "../connect.ts";
import { CliError } from "../failure.ts";
import { checkNoCommand, checkYes } from "../group.ts";
import { systemClock } from "../../internal/clock.ts";
import {
  addListFlags,
  cannotList,
  type ListFlags,
  pageText,
  queryOf,
  remoteInspector,
} from "../listing.ts";
import { collect } from "../parse.ts";
import { Status } from "../status.ts";
import { formatCount } from "../text.ts";

type SetName = "scheduled" | "retries" | "dead";
type Action = "clear" | "kill" | "requeue" | "discard";

interface SetFlags extends ConnectionFlags {
  readonly type?: string;
  readonly jid?: readonly string[];
  readonly pattern?: string;
  readonly regexp?: string;
  readonly all?: boolean;
  readonly yes?: boolean;
}

/** `faktory scheduled`, `retries` and `dead`: list and change the jobs of a set. */
export const sets: readonly CommandDefinition[] = [
  setOf("scheduled", "scheduled jobs"),
  setOf("retries", "failed jobs that wait for a retry"),
  setOf("dead", "dead jobs"),
];

function setOf(set: SetName, jobs: string): CommandDefinition {
  return {
    name: set,
    summary: `Lists, requeues, kills and discards ${jobs}`,
    examples: [
      [set, "the first 25, with their errors"],
      [`${set} requeue --type resize`, "run all of a type now"],
    ],
    commands: [
      {
        name: "list",
        isDefault: true,
        summary: `Lists ${jobs}`,
        details:
          "Only an embedded server (faktory serve) lists jobs. For other servers, the command " +
          "prints their number and the address of the web page. With --json, times are those of " +
          "the server's clock.",
        examples: [
          [`${set} list`, "the first 25; the same without list"],
          [`${set} list --type resize --newest --limit 5`, "the newest five of a type"],
          [`${set} list --json | jq -r '.jobs[].jid'`, "their ids"],
        ],
        configure(command: Command): void {
          addListFlags(command.allowExcessArguments());
          addConnectionFlags(command);
        },
        run: (invocation: Invocation<SetFlags & ListFlags>) => list(set, invocation),
      },
      change(set, "requeue", {
        summary: `Puts ${jobs} back on their queues, to run at once`,
        examples: [
          [`${set} requeue --type resize`, "all of a type"],
          [`${set} requeue --all`, "all jobs"],
        ],
      }),
      change(set, "kill", {
        summary: `Moves ${jobs} to the dead set`,
        examples: [[`${set} kill --pattern '*"customer":17,*'`, "jobs whose JSON matches"]],
      }),
      change(set, "discard", {
        summary: `Deletes ${jobs}`,
        examples: [[`${set} discard --jid 7TlTmYkbFqXCWKGj`, "one job; --jid can be repeated"]],
      }),
      change(set, "clear", {
        summary: `Deletes all ${jobs}`,
        examples: [[`${set} clear --yes`, "this cannot be undone"]],
      }),
    ],
  };
}

async function list(
  set: SetName,
  invocation: Invocation<ConnectionFlags & ListFlags>,
): Promise<void> {
  checkNoCommand(invocation, set);
  const { flags, output, io } = invocation;
  await withProducer(invocation, async (producer, { url }) => {
    const inspector = await remoteInspector(producer);
    if (inspector === undefined) {
      const size = await sizeOf(producer, set);
      output.print(
        { set, size, jobs: null, reason: cannotList(url), url },
        () => `${formatCount(size, "job")} in ${set}. ${cannotList(url)}`,
      );
      return;
    }
    const page = await inspector.jobs(queryOf(flags, { set }));
    output.print(
      { set, size: page.total, ...page, url },
      () => pageText(page, set, (io.clock ?? systemClock).now()),
    );
  });
}

interface Texts {
  readonly summary: string;
  readonly examples: readonly (readonly [typed: string, meaning: string])[];
}

function change(set: SetName, action: Action, texts: Texts): CommandDefinition<SetFlags> {
  return {
    name: action,
    ...texts,
    configure(command) {
      if (action === "clear") command.option("--yes", "confirm that all of them are deleted");
      else addFilterFlags(command);
      addConnectionFlags(command);
    },
    async run(invocation) {
      const { flags, output } = invocation;
      const act = actionOf(action, set, flags);
      await withProducer(invocation, async (producer, { url }) => {
        const before = await sizeOf(producer, set);
        await act(producer.sets[set]);
        const after = await sizeOf(producer, set);
        output.print(
          { set, action, before, after, url },
          () => `${set}: ${formatCount(before, "job")} before, ${after} after`,
        );
      });
    },
  };
}

function addFilterFlags(command: Command): void {
  command
    .option("--type <name>", "jobs of this type")
    .option("--jid <id>", "the job with this id; repeatable", collect)
    .option(
      "--pattern <glob>",
      "jobs whose stored JSON matches; wildcards are * ? [a-z], escaped by \\",
    )
    // An alias with the protocol's name, although the value is not a regular expression.
    .addOption(new Option("--regexp <glob>", "the same as --pattern").hideHelp())
    .option("--all", "all jobs");
}

/** Builds the action, and checks the flags before anything is sent. */
function actionOf(action: Action, set: SetName, flags: SetFlags): (jobs: JobSet) => Promise<void> {
  if (action === "clear") {
    checkYes(flags, `clear ${set}`, "all jobs in it");
    return (jobs) => jobs.clear();
  }
  const filter = filterOf(action, set, flags);
  return (jobs) => jobs[action](filter);
}

function filterOf(action: string, set: SetName, flags: SetFlags): JobFilter {
  const { type, jid, all, pattern, regexp } = flags;
  const given: JobFilter[] = [
    ...type === undefined ? [] : [{ type, pattern: pattern ?? regexp }],
    ...jid === undefined ? [] : [{ jids: jid }],
    ...pattern === undefined || type !== undefined ? [] : [{ pattern }],
    ...regexp === undefined || (type !== undefined && pattern === undefined)
      ? []
      : [{ pattern: regexp }],
    ...all === true ? [{ all } as const] : [],
  ];
  const [filter] = given;
  if (filter !== undefined && given.length === 1) return filter;
  throw new CliError(
    Status.usage,
    filter === undefined
      ? `Cannot ${action} jobs of ${set} as no filter is given`
      : `Cannot ${action} jobs of ${set} as only --type and --pattern can be combined`,
    "use one of --type, --jid, --pattern and --all",
  );
}

async function sizeOf(producer: Producer, set: SetName): Promise<number> {
  return (await producer.info()).sets[set];
}
