import { output } from "../command.ts";
import type { Options } from "./options.ts";
import type { Subject } from "./plan.ts";
import type { Programs } from "./programs.ts";
import { startServer } from "./servers.ts";
import type { Run, Task } from "./task.ts";

/** Time that is not counted. */
const WARM_UP_MS = 700;
const QUICK_WARM_UP_MS = 200;

/** What a client takes to open one more connection, and some open one for each job that is to run at a time. */
const CONNECT_MS = 2;

/** A client that takes so much longer than it was told to hangs: a million jobs are a matter of minutes to the slowest. */
const SLACK_MS = 10 * 60_000;

/** Runs one client once, against a server of its own. */
export async function measureOne(
  { server: kind, workload, client }: Subject,
  programs: Programs,
  options: Options,
): Promise<Run> {
  const ms = Math.max(workload.minMs ?? 0, options.ms);
  const warmUpMs = (options.isQuick ? QUICK_WARM_UP_MS : WARM_UP_MS) +
    (workload.work === "consume" ? workload.concurrency * CONNECT_MS : 0);
  const server = await startServer(kind, programs, { ...workload, totalMs: ms + warmUpMs });
  let run: Run;
  try {
    const { work, concurrency, rate } = workload;
    const { url, queue, isPassing, jobs = workload.jobs } = server;
    const { connections } = client;
    const task: Task = {
      work,
      concurrency,
      rate,
      url,
      queue,
      connections,
      isPassing,
      jobs,
      ms,
      warmUpMs,
    };
    const [program, ...args] = programs.command(client);
    const printed = await output(program!, [...args, JSON.stringify(task)], {
      timeoutMs: ms + SLACK_MS,
    });
    run = JSON.parse(printed);
  } catch (error) {
    await server.stop();
    throw error;
  }
  if (run.jobs === 0) throw new Error("Not one job was done in the time that was measured");
  return { ...run, server: await server.stop() };
}
