import type { CommandDefinition, Invocation } from "../../command.ts";
import { addConnectionFlags, type ConnectionFlags } from "../../connect.ts";
import { hasColours } from "../../output.ts";
import { Status } from "../../status.ts";
import { formatCount, printable } from "../../text.ts";
import { addressChecks } from "./address.ts";
import { type Check, type Facts, fault, type Finding, skipped, type State } from "./check.ts";
import { protocolChecks } from "./protocol.ts";
import { serverChecks } from "./server.ts";
import { runtimeChecks } from "./runtime.ts";
import { tlsChecks } from "./tls.ts";

interface DoctorFlags extends ConnectionFlags {
  readonly json?: boolean;
}

/** `faktory doctor`: finds problems between this machine and the server. */
export const doctor: CommandDefinition<DoctorFlags> = {
  name: "doctor",
  summary: "Finds problems between this machine and the server, and suggests fixes",
  details: "Checks the runtime, the URL, DNS, TCP, TLS, the greeting, the password, the server's " +
    "version, clock and limits, and the time of a round trip. Checks that depend on a failed one " +
    "are skipped. The exit status is that of the first fault. Warnings do not change it.",
  examples: [
    ["doctor", "the server in FAKTORY_URL"],
    [
      "doctor --url tcp+tls://jobs.example.com --ca ca.pem",
      "a server with a private certificate authority",
    ],
    ["doctor --json | jq '.checks[] | select(.state == \"fault\")'", "output for a program"],
  ],
  configure: addConnectionFlags,
  run,
};

const CHECKS: readonly Check[] = [
  ...runtimeChecks,
  ...addressChecks,
  ...tlsChecks,
  ...protocolChecks,
  ...serverChecks,
];

async function run({ flags, io, output }: Invocation<DoctorFlags>): Promise<number> {
  const facts: Facts = { flags, io };
  const findings: { readonly name: string; readonly finding: Finding }[] = [];
  try {
    for (const check of CHECKS) {
      const finding = await runCheck(check, facts, findings);
      findings.push({ name: check.name, finding });
      if (flags.json !== true) output.print(undefined, () => findingText(check.name, finding, io));
    }
  } finally {
    await facts.producer?.close();
  }
  const number = (state: State) => findings.filter(({ finding }) => finding.state === state).length;
  const faults = number("fault");
  const warnings = number("warning");
  const status = findings.find(({ finding }) => finding.state === "fault")?.finding.status ??
    Status.ok;
  output.print({
    url: facts.server?.url,
    status,
    faults,
    warnings,
    checks: findings.map(({ name, finding: { state, text, hint } }) => ({
      name,
      state,
      text,
      hint,
    })),
  }, () => output.strong(`\n${formatCount(faults, "fault")}, ${formatCount(warnings, "warning")}`));
  return status;
}

async function runCheck(
  check: Check,
  facts: Facts,
  before: readonly { readonly name: string; readonly finding: Finding }[],
): Promise<Finding> {
  const lacking = before.find(({ name, finding: { state, lacks } }) =>
    check.needs?.includes(name) === true && (state === "fault" || lacks !== undefined)
  );
  if (lacking !== undefined) {
    const { name, finding: { lacks = name } } = lacking;
    return { ...skipped(`because ${lacks} failed`), lacks };
  }
  try {
    return await check.run(facts);
  } catch (error) {
    // An interruption is not a fault.
    if (facts.io.signal.aborted) throw facts.io.signal.reason;
    return fault(error);
  }
}

const COLOURS: Readonly<Record<State, number>> = { ok: 32, warning: 33, fault: 31, skipped: 2 };

/** Formats a finding for people, with the fix on a second line. */
function findingText(name: string, { state, text, hint }: Finding, io: Invocation["io"]): string {
  const word = state.padEnd(8);
  const shown = hasColours(io) ? `\u001b[${COLOURS[state]}m${word}\u001b[0m` : word;
  const line = `${shown} ${name.padEnd(9)} ${printable(text)}`;
  return hint === undefined ? line : `${line}\n${" ".repeat(19)}-> ${printable(hint)}`;
}
