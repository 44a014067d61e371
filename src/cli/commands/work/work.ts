import type { Command } from "commander";
import { Option } from "commander";
import type { CommandDefinition, Invocation } from "../../command.ts";
import { addConnectionFlags } from "../../connect.ts";
import { integer, seconds } from "../../parse.ts";
import { list, queueChoice, type WorkFlags } from "./flags.ts";

/** `faktory work`: runs a consumer with the handlers of modules. */
export const work: CommandDefinition<WorkFlags> = {
  name: "work",
  summary: "Runs jobs with the handlers of a module, until SIGINT or SIGTERM",
  details: "A module exports its handlers by job type:\n\n" +
    "  export default {\n" +
    "    greet: (job) => console.log(`Hello, ${job.args[0]}!`),\n" +
    "    resize: { handler: resize, concurrency: 2, timeoutMs: 30_000 },\n" +
    "  };\n\n" +
    "or a function that receives the consumer: export default (consumer) => { .. }. It can also " +
    "export jobs (from defineJobs), middleware, options (of the consumer), schedule and teardown." +
    "\n\nSIGTERM and SIGINT stop it, a second one aborts its jobs. After SIGTSTP it fetches no " +
    "more jobs. On SIGTTIN it prints the running jobs.",
  examples: [
    ["work ./handlers.ts", "jobs of the queue default, ten at a time"],
    ["work ./handlers.ts --watch", "the same, restarted when the module changes"],
    [
      "work ./mail.js ./images.js -q critical=3,default=1 -c 50",
      "two modules, queues with weights",
    ],
    ["work ./handlers.js --processes 4 --quiet", "four processes, without a line per job"],
    [
      "work ./handlers.js --until-empty --json",
      "until the queues are empty; a line of JSON per event",
    ],
  ],
  configure(command: Command): void {
    command
      .argument("<module...>", "paths, URLs or packages with handlers")
      .option(
        "-q, --queues <list>",
        "a,b in this order, or a=3,b=1 with weights (default: the catalogue's, or default)",
        queueChoice,
      )
      .option("-c, --concurrency <number>", "jobs at a time (default: 10)", integer(1, 10_000))
      .option(
        "-p, --processes <number>",
        "number of processes, each with that concurrency (default: only this one)",
        integer(1, 1000),
      )
      .option("-w, --watch", "restart when a file of the modules changes")
      .option(
        "--labels <list>",
        "labels on the server's web page, a,b (default: typescript)",
        list,
      )
      .option("--grace <seconds>", "time for running jobs after a stop (default: 25)", seconds)
      .option("--until-empty", "end when the queues are empty")
      .option("--max-jobs <number>", "end after this many jobs per process", integer(1))
      .option("--check", "load the modules, connect, and end")
      .option("--quiet", "do not log each job")
      .addOption(new Option("--child").hideHelp());
    addConnectionFlags(command);
  },
  run,
};

/** Loaded on demand to keep other commands fast. */
async function run(invocation: Invocation<WorkFlags>): Promise<number | void> {
  const { watch, processes, child } = invocation.flags;
  if (child !== true && watch === true) {
    return await (await import("./watch.ts")).runWatched(invocation);
  }
  if (child !== true && processes !== undefined) {
    return await (await import("./processes.ts")).runProcesses(invocation);
  }
  return await (await import("./worker.ts")).runWorker(invocation);
}
