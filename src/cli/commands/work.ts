import type { Command } from "commander";
import { Option } from "commander";
import type { CommandDefinition, Invocation } from "../command.ts";
import { addConnectionFlags } from "../connect.ts";
import { integer, seconds } from "../parse.ts";
import { list, queueChoice, type WorkFlags } from "../work/flags.ts";

/** `faktory work`: runs a consumer with the handlers of modules. */
export const work: CommandDefinition<WorkFlags> = {
  name: "work",
  summary: "Runs jobs with the handlers of a module, until SIGINT or SIGTERM",
  details: "A module exports its handlers by the types of their jobs:\n\n" +
    "  export default {\n" +
    "    greet: (job) => console.log(`Hello, ${job.args[0]}!`),\n" +
    "    resize: { handler: resize, concurrency: 2, timeoutMs: 30_000 },\n" +
    "  };\n\n" +
    "or a function that is given the consumer: export default (consumer) => { .. }.\n" +
    "It may export jobs (by defineJobs), middleware, options (of the consumer) and teardown, too.\n\n" +
    "TERM and INT stop it, a second one aborts its jobs; TSTP: no more jobs; TTIN: prints them.",
  examples: [
    ["work ./handlers.ts", "the jobs of the queue default, ten at a time"],
    ["work ./handlers.ts --watch", "the same, started again whenever the module is changed"],
    ["work ./mail.js ./images.js -q critical=3,default=1 -c 50", "two modules, queues by weights"],
    ["work ./handlers.js --processes 4 --quiet", "four processes, without a line for each job"],
    ["work ./handlers.js --until-empty --json", "what is there, and the end; a line of JSON each"],
  ],
  configure(command: Command): void {
    command
      .argument("<module...>", "paths, URLs or packages with handlers")
      .option(
        "-q, --queues <list>",
        "a,b in this order, or a=3,b=1 by weights (default: those of the catalogue, else default)",
        queueChoice,
      )
      .option("-c, --concurrency <number>", "jobs at a time (default: 10)", integer(1, 10_000))
      .option(
        "-p, --processes <number>",
        "processes, each with that many jobs (default: this one)",
        integer(1, 1000),
      )
      .option("-w, --watch", "start again when a file of the modules changes")
      .option(
        "--labels <list>",
        "a,b: what the server's web page shows (default: typescript)",
        list,
      )
      .option("--grace <seconds>", "how long jobs may go on after a stop (default: 25)", seconds)
      .option("--until-empty", "end once the queues are empty")
      .option("--max-jobs <number>", "end after so many jobs, of each process", integer(1))
      .option("--check", "load the modules, connect, and end")
      .option("--quiet", "no line for each job")
      .addOption(new Option("--child").hideHelp());
    addConnectionFlags(command);
  },
  run,
};

/** Loaded on demand to keep other commands fast. */
async function run(invocation: Invocation<WorkFlags>): Promise<number | void> {
  const { watch, processes, child } = invocation.flags;
  if (child !== true && watch === true) {
    return await (await import("../work/watch.ts")).runWatched(invocation);
  }
  if (child !== true && processes !== undefined) {
    return await (await import("../work/processes.ts")).runProcesses(invocation);
  }
  return await (await import("../work/worker.ts")).runWorker(invocation);
}
