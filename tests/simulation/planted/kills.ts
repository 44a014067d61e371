import type { PlantedFault } from "./fault.ts";

/** Faults that only have an effect if a process is killed between two commands. */
export const killFaults: readonly PlantedFault[] = [
  {
    name: "a job of a workflow is acknowledged before the next one is on the server",
    file: "src/workflow/workflows.ts",
    find: "if (outcome === undefined) await succeeded(producer, job, step, value);",
    replace: "if (outcome === undefined) succeeded(producer, job, step, value).catch(() => {});",
    hiddenBy: "it needs a kill between two commands, and only one of these worlds has workflows",
  },
  {
    name: "a join removes its tokens before the next job is on the server",
    file: "src/workflow/joiner.ts",
    find: "await sendPushes(producer, next, queue);",
    replace: "sendPushes(producer, next, queue).catch(() => {});",
    hiddenBy: "the commands leave in one write, in their order, so few kills come between them",
  },
  {
    name: "a join drops its tokens before it has put them back",
    file: "src/workflow/joiner.ts",
    find:
      "await pushAll(producer, [tokenOf(tokens, remaining)]);\n    await dropTokens(producer, taken);",
    replace:
      "await dropTokens(producer, taken);\n    await pushAll(producer, [tokenOf(tokens, remaining)]);",
    hiddenBy: "one of these worlds has workflows, and few kills come between the two commands",
  },
  {
    name: "a join is not checked later",
    file: "src/workflow/joiner.ts",
    find: "await pushCheck(producer, { ...job, everySeconds: FIRST_CHECK_SECONDS }, { queue });",
    replace: "",
  },
  {
    name: "a join without tokens is not checked later",
    file: "src/workflow/joiner.ts",
    find: "if (found.isEmpty) await pushCheck(producer, job, { queue, info: found.info });",
    replace: "",
    hiddenBy: "it needs a crash of all programs that have tokens, before their first check",
  },
  {
    name: "a check of a join checks once",
    file: "src/workflow/joiner.ts",
    find: "  await pushCheck(producer, next, { queue, info: found.info });",
    replace: "",
  },
  {
    name: "a token is acknowledged when it is fetched",
    file: "src/workflow/tokens.ts",
    find: "    jids.push(job.jid);",
    replace: "    await sendCommand(producer, acknowledge(job.jid));\n    jids.push(job.jid);",
  },
  {
    name: "the rows of a dead program stay claimed in SQLite",
    file: "src/outbox/statements.ts",
    find:
      "SELECT id FROM ${table} WHERE error IS NULL AND (claimed_until IS NULL OR claimed_until < ${now})",
    replace: "SELECT id FROM ${table} WHERE error IS NULL AND claimed_until IS NULL",
  },
  {
    name: "a relay claims rows for an hour",
    file: "src/outbox/statements.ts",
    find: "UPDATE ${table} AS row SET claimed_by = $1::text, claimed_until = now() + $2::int",
    replace: "UPDATE ${table} AS row SET claimed_by = $1::text, claimed_until = now() + 3600",
  },
];
