import type { Command } from "commander";
import type { Producer } from "../../../mod.ts";
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
import { withoutInternal } from "../../job/internal_queues.ts";
import { Status } from "../status.ts";
import { tableOf } from "../table.ts";
import { formatCount, printable } from "../text.ts";

interface RemoveFlags extends ConnectionFlags {
  readonly yes?: boolean;
}

const NAMES = "names of queues, or '*' (in quotes) for all";

/** `faktory queues`: lists and changes queues. */
export const queues: CommandDefinition = {
  name: "queues",
  summary: "Lists, pauses, resumes and removes queues",
  examples: [
    ["queues", "the number of jobs on each queue"],
    ["queues pause images", "stop handing out its jobs"],
  ],
  commands: [
    {
      name: "list",
      isDefault: true,
      summary: "Lists the queues and the number of jobs on each",
      examples: [
        ["queues", "the same"],
        ["queues --json | jq .queues.default", "number of jobs waiting on the queue default"],
      ],
      configure(command: Command): void {
        addConnectionFlags(command.allowExcessArguments());
      },
      run: list,
    },
    {
      name: "jobs",
      summary: "Lists the jobs of a queue",
      details:
        "Works only with an embedded server (faktory serve). Other servers list jobs on their " +
        "web page.",
      examples: [
        ["queues jobs images", "the next 25 jobs"],
        ["queues jobs images --text cat.png", "jobs that contain this text"],
      ],
      configure(command: Command): void {
        addListFlags(command.argument("<name>", "the queue"));
        addConnectionFlags(command);
      },
      run: jobs,
    },
    change("pause", {
      summary: "Stops handing out the jobs of queues",
      details: "Jobs can still be pushed to them.",
      examples: [["queues pause images mail", "two queues"], ["queues pause '*'", "all queues"]],
      done: "Paused",
    }),
    change("resume", {
      summary: "Hands out the jobs of queues again",
      examples: [["queues resume images", "one queue"], ["queues resume '*'", "all queues"]],
      done: "Resumed",
    }),
    change("remove", {
      summary: "Removes queues and all jobs on them",
      details: "It does not ask and cannot be undone, so it requires --yes.",
      examples: [["queues remove images --yes", "the queue and all its jobs"]],
      done: "Removed",
      configure: (command) =>
        void command.option("--yes", "confirm that all jobs on them are deleted"),
      check: ({ args, flags }: Invocation<RemoveFlags>) =>
        checkYes(flags, `remove ${args.join(", ")}`, "all jobs on them"),
    }),
    {
      name: "latency",
      summary: "Shows how long the oldest job of each queue has waited",
      examples: [
        ["queues latency", "all queues"],
        ["queues latency default --json", '{"url":"tcp://localhost:7419","latency":{"default":0}}'],
      ],
      configure(command: Command): void {
        addConnectionFlags(command.argument("[names...]", "the queues (default: all)"));
      },
      run: latency,
    },
  ],
};

async function list(invocation: Invocation<ConnectionFlags>): Promise<void> {
  checkNoCommand(invocation, "queues");
  await withProducer(invocation, async (producer, { url }) => {
    const queues = withoutInternal((await producer.info()).queues);
    const rows = Object.entries(queues).sort(([a], [b]) => a < b ? -1 : 1);
    const text = () => rows.length === 0 ? "No queues" : tableOf(["queue", "jobs"], rows);
    invocation.output.print({ url, queues }, text);
  });
}

async function jobs(invocation: Invocation<ConnectionFlags & ListFlags>): Promise<void> {
  const { args: [queue = ""], flags, output, io } = invocation;
  await withProducer(invocation, async (producer, { url }) => {
    const inspector = await remoteInspector(producer);
    if (inspector === undefined) {
      const size = (await producer.info()).queues[queue] ?? 0;
      output.print(
        { queue, size, jobs: null, reason: cannotList(url), url },
        () => `${formatCount(size, "job")} on ${printable(queue)}. ${cannotList(url)}`,
      );
      return;
    }
    const page = await inspector.jobs(queryOf(flags, { queue }));
    output.print(
      { queue, size: page.total, ...page, url },
      () => pageText(page, "queue", (io.clock ?? systemClock).now()),
    );
  });
}

async function latency(invocation: Invocation<ConnectionFlags>): Promise<void> {
  const { args, output } = invocation;
  await withProducer(invocation, async (producer, { url }) => {
    const names = args.length > 0
      ? args
      : Object.keys(withoutInternal((await producer.info()).queues)).sort();
    const found = names.length === 0 ? new Map() : await producer.queues.latency(names);
    const rows = names.map((name) => {
      const seconds = found.get(name);
      return [name, seconds === undefined ? "unknown" : `${seconds.toFixed(3)} s`];
    });
    output.print(
      { url, latency: Object.fromEntries(found) },
      () => rows.length === 0 ? "No queues" : tableOf(["queue", "oldest job"], rows),
    );
  });
}

interface Change {
  readonly summary: string;
  readonly details?: string;
  readonly examples: CommandDefinition["examples"];
  /** Start of the message after success. The names follow. */
  readonly done: string;
  readonly configure?: (command: Command) => void;
  /** Throws if the command must not run. */
  readonly check?: (invocation: Invocation<RemoveFlags>) => void;
}

function change(
  action: "pause" | "resume" | "remove",
  { done, configure, check, ...texts }: Change,
): CommandDefinition<RemoveFlags> {
  return {
    name: action,
    ...texts as Pick<CommandDefinition, "summary">,
    configure(command) {
      command.argument("<names...>", NAMES);
      configure?.(command);
      addConnectionFlags(command);
    },
    async run(invocation) {
      check?.(invocation);
      const { args, output } = invocation;
      checkStar(args, action);
      await withProducer(invocation, async (producer: Producer, { url }) => {
        await producer.queues[action](args);
        output.print(
          { action, queues: args, url },
          () => printable(`${done} ${args[0] === "*" ? "all queues" : args.join(", ")}`),
        );
      });
    },
  };
}

/** Rejects "*" among other names: the server would take it as a name, which is invalid. */
function checkStar(names: readonly string[], action: string): void {
  if (names.length === 1 || !names.includes("*")) return;
  throw new CliError(
    Status.usage,
    `Cannot ${action} queues as "*" is combined with other names`,
    "pass either names, or '*' for all queues",
  );
}
