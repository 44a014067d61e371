import type { ServerInfo } from "../../../mod.ts";
import { withoutInternal } from "../../job/internal_queues.ts";
import type { CommandDefinition, Invocation } from "../command.ts";
import { addConnectionFlags, type ConnectionFlags, withProducer } from "../connect.ts";
import { tableOf } from "../table.ts";
import { formatCount, formatDuration, formatInteger, printable } from "../text.ts";

/** The statistics of the server's tasks, by name. */
type Tasks = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** `faktory info`: prints the statistics of INFO. */
export const info: CommandDefinition<ConnectionFlags> = {
  name: "info",
  summary: "Shows a server's queues, sets, tasks and connections",
  examples: [
    ["info", "the server in FAKTORY_URL, by default tcp://localhost:7419"],
    ["info --json | jq .queues.default", "number of jobs waiting on the queue default"],
    [
      "info --url tcp+tls://jobs.example.com --ca ca.pem",
      "a server with a private certificate authority",
    ],
  ],
  configure: addConnectionFlags,
  run,
};

async function run(invocation: Invocation<ConnectionFlags>): Promise<void> {
  await withProducer(invocation, async (producer, { url }) => {
    const { output } = invocation;
    const { raw, queues, ...rest } = await producer.info();
    const info = { queues: withoutInternal(queues), ...rest };
    const tasks = tasksOf(raw);
    const text = () => {
      const [first = "", ...more] = general(info, url);
      return [[output.strong(first), ...more].join("\n"), ...tables(info, tasks)].join("\n\n");
    };
    output.print({ url, ...info, tasks }, text);
  });
}

function tasksOf(raw: ServerInfo["raw"]): Tasks {
  const { tasks } = (raw["faktory"] ?? {}) as { tasks?: Tasks };
  return tasks ?? {};
}

function general({ server, totals }: Omit<ServerInfo, "raw">, url: string): string[] {
  const { description, version, uptimeSeconds, connections, commandCount, usedMemoryMb } = server;
  return [
    printable(`${description} ${version} at ${url}, up ${formatDuration(uptimeSeconds)}`),
    `${formatCount(connections, "connection")}, ${formatCount(commandCount, "command")}, ` +
    `${formatInteger(usedMemoryMb)} MB of memory`,
    `${formatCount(totals.processed, "job")} processed, ${formatInteger(totals.failures)} failed`,
  ];
}

function tables({ queues, sets }: Pick<ServerInfo, "queues" | "sets">, tasks: Tasks): string[] {
  const waiting = Object.entries(queues).sort(([a], [b]) => a < b ? -1 : 1);
  const taskRows = Object.entries(tasks).map(([name, { size = 0, ...work }]) => [
    name,
    size,
    work["enqueued"] ?? work["reaped"] ?? 0,
  ]);
  return [
    waiting.length === 0 ? "No queues" : tableOf(["queue", "jobs"], waiting),
    tableOf(["set", "jobs"], Object.entries(sets)),
    ...taskRows.length === 0 ? [] : [tableOf(["task", "size", "handled"], taskRows)],
  ];
}
