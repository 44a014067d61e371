import type { Command } from "commander";
import type { Cancellation } from "../../../mod.ts";
import type { CommandDefinition, Invocation } from "../command.ts";
import { addConnectionFlags, type ConnectionFlags, withProducer } from "../connect.ts";
import { seconds } from "../parse.ts";

interface CancelFlags extends ConnectionFlags {
  readonly wait?: number;
}

const MEANINGS: Readonly<Record<Cancellation, string>> = {
  aborted: "its worker has aborted it, and the server has forgotten it",
  released: "the server has forgotten it, but its worker has not confirmed: it may run to its end",
  withdrawn:
    "no worker had it. It is gone if it was scheduled or to be retried, and a worker that " +
    "looks for cancelled jobs drops it if it waits on a queue",
};

/** `faktory cancel`: cancels a job. */
export const cancel: CommandDefinition<CancelFlags> = {
  name: "cancel",
  summary: "Cancels a job, also one that runs, and says what was done",
  details: "Workers notice if their consumer has the option cancellation.",
  examples: [
    ["cancel 7TlTmYkbFqXCWKGj", "wherever it is"],
    ["cancel 7TlTmYkbFqXCWKGj --wait 30", "wait longer for its worker to confirm"],
  ],
  configure(command: Command): void {
    addConnectionFlags(
      command
        .argument("<jid>", "the job's id")
        .option("--wait <seconds>", "how long to wait for its worker (default: 10)", seconds),
    );
  },
  run,
};

async function run(invocation: Invocation<CancelFlags>): Promise<void> {
  const { args: [jid = ""], flags, output } = invocation;
  await withProducer(invocation, async (producer, { url }) => {
    const cancellation = await producer.cancel(jid, { waitMs: flags.wait });
    output.print({ jid, cancellation, url }, () => `${cancellation}: ${MEANINGS[cancellation]}`);
  });
}
