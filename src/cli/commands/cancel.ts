import type { Command } from "commander";
import type { Cancellation } from "../../../mod.ts";
import type { CommandDefinition, Invocation } from "../command.ts";
import { addConnectionFlags, type ConnectionFlags, withProducer } from "../connect.ts";
import { seconds } from "../parse.ts";

interface CancelFlags extends ConnectionFlags {
  readonly wait?: number;
}

const MEANINGS: Readonly<Record<Cancellation, string>> = {
  aborted: "its worker has aborted it, and the server has deleted it",
  released: "the server has deleted it, but its worker has not confirmed: it may run to its end",
  withdrawn:
    "no worker has it. It is deleted if it was scheduled or waiting for a retry. If it waits on " +
    "a queue, a worker that checks for cancelled jobs will drop it",
};

/** `faktory cancel`: cancels a job. */
export const cancel: CommandDefinition<CancelFlags> = {
  name: "cancel",
  summary: "Cancels a job, even a running one",
  details: "A running job is only cancelled if its worker has the option cancellation.",
  examples: [
    ["cancel 7TlTmYkbFqXCWKGj", "at any place"],
    ["cancel 7TlTmYkbFqXCWKGj --wait 30", "wait longer for its worker to confirm"],
  ],
  takesJid: true,
  configure(command: Command): void {
    addConnectionFlags(
      command
        .argument("<jid>", "the job's id")
        .option("--wait <seconds>", "time to wait for its worker (default: 10)", seconds),
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
