import { GoError, marshalText, unmarshal } from "./go_json.ts";
import { globMatcher } from "./glob.ts";
import type { Manager, SetMember, SetName } from "./manager.ts";

interface Filter {
  readonly jids?: readonly string[];
  readonly regexp?: string;
  readonly jobtype?: string;
}

const OPERATION = {
  cmd: "string",
  target: "string",
  filter: {
    name: "JobFilter",
    fields: { jids: "[]string", regexp: "string", jobtype: "string" },
  },
} as const;

/** MUTATE: changes the jobs of a set. */
export function mutate(manager: Manager, line: string): void {
  const parts = line.split(" ");
  if (parts.length !== 2) throw new GoError("invalid format");
  const { cmd, target, filter } = unmarshal(parts[1]!, "Operation", OPERATION) as {
    cmd?: string;
    target?: string;
    filter?: Filter;
  };
  const change = CHANGES.get(cmd ?? "");
  if (change === undefined) throw new GoError("unknown mutate operation");
  if (target !== "scheduled" && target !== "retries" && target !== "dead") {
    throw new GoError("invalid target for mutation command");
  }
  change(manager, target, filter);
}

type Change = (manager: Manager, target: SetName, filter: Filter | undefined) => void;

const CHANGES: ReadonlyMap<string, Change> = new Map<string, Change>([
  ["clear", (manager, target) => manager.sets[target].clear()],
  ["discard", (manager, target, filter) => void taken(manager, target, filter)],
  ["kill", (manager, target, filter) => {
    for (const member of taken(manager, target, filter)) manager.bury(member);
  }],
  ["requeue", (manager, target, filter) => {
    for (const member of taken(manager, target, filter)) manager.requeue(member);
  }],
]);

function taken(manager: Manager, target: SetName, filter: Filter | undefined): SetMember[] {
  return manager.sets[target].takeWhere(matcher(filter ?? {}));
}

/** What a filter matches. Jids go before all else; a filter of nothing matches everything. */
function matcher({ jids = [], regexp = "", jobtype = "" }: Filter): (member: SetMember) => boolean {
  if (jids.length > 0) {
    const texts = jids.map((jid) => `"jid":${marshalText(jid)}`);
    return ({ payload }) => texts.some((text) => payload.includes(text));
  }
  const type = `"jobtype":${JSON.stringify(jobtype)}`;
  if (regexp !== "") {
    const matches = globMatcher(regexp);
    return ({ payload }) => matches(payload) && (jobtype === "" || payload.includes(type));
  }
  if (jobtype === "") return () => true;
  const matches = globMatcher(`*${type}*`);
  return ({ payload }) => matches(payload);
}
