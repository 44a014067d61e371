import type { Command } from "commander";
import { systemClock } from "../../internal/clock.ts";
import { showText } from "../../internal/show.ts";
import type { CommandDefinition, Invocation } from "../command.ts";
import { addConnectionFlags, type ConnectionFlags, withProducer } from "../connect.ts";
import { CliError } from "../failure.ts";
import { attemptsText, jobText, remoteInspector, webPage } from "../listing.ts";
import { Status } from "../status.ts";

/** `faktory job`: shows one job. */
export const job: CommandDefinition<ConnectionFlags> = {
  name: "job",
  summary: "Shows a job: its place, arguments, last error and attempts",
  details:
    "Works only with an embedded server (faktory serve). Other servers show jobs on their web " +
    "page.",
  examples: [
    ["job 7TlTmYkbFqXCWKGj", "a job at any place: on a queue, with a worker, in a set"],
    ["job 7TlTmYkbFqXCWKGj --json | jq .failure.backtrace", "the stack trace of its last error"],
  ],
  takesJid: true,
  configure(command: Command): void {
    addConnectionFlags(command.argument("<jid>", "the job's id"));
  },
  run,
};

async function run(invocation: Invocation<ConnectionFlags>): Promise<void> {
  const { args: [jid = ""], output, io } = invocation;
  await withProducer(invocation, async (producer, { url }) => {
    const inspector = await remoteInspector(producer);
    if (inspector === undefined) {
      throw new CliError(
        Status.unavailable,
        "Cannot show a job as this server has no command for that",
        `see its web page, by default at ${webPage(url)}`,
      );
    }
    const [found, attempts] = await Promise.all([
      inspector.job(jid, { maxArgs: 1_000_000 }),
      inspector.attempts(jid),
    ]);
    const text = (lines: string) =>
      attempts.length === 0 ? lines : `${lines}\n\n${attemptsText(attempts)}`;
    if (found === undefined) {
      if (attempts.length > 0) {
        output.print(
          { jid, place: null, attempts, url },
          () => text(`The server no longer has job ${showText(jid)}`),
        );
        return;
      }
      throw new CliError(
        Status.data,
        `Cannot show job ${showText(jid)} as the server does not have it`,
        "it may have succeeded: the server deletes such jobs",
      );
    }
    output.print(
      { ...found, attempts, url },
      () => text(jobText(found, (io.clock ?? systemClock).now())),
    );
  });
}
