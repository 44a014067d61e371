import { GoError, quoted, type StructType, unmarshal } from "./go_json.ts";
import { globMatcher } from "./glob.ts";
import type { Manager, SetMember, SetName } from "./manager.ts";

interface Filter {
  readonly jids?: readonly string[];
  readonly regexp?: string;
  readonly jobtype?: string;
}

const OPERATION: StructType["fields"] = {
  cmd: "string",
  target: "client.Structure",
  filter: {
    name: "client.JobFilter",
    fields: { jids: "[]string", regexp: "string", jobtype: "string" },
  },
};

/** MUTATE: changes the jobs of a set. */
export function mutate(manager: Manager, line: string): void {
  const parts = line.split(" ");
  if (parts.length !== 2) throw new GoError("invalid format");
  const { cmd, target, filter } = unmarshal(parts[1]!, "client.Operation", OPERATION) as {
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
    // One after the other: a job whose queue cannot be stays in its set, and so do those behind it.
    const set = manager.sets[target];
    for (const entry of set.where(matcher(filter ?? {}))) {
      manager.requeue(entry.value);
      set.remove(entry);
    }
  }],
]);

function taken(manager: Manager, target: SetName, filter: Filter | undefined): SetMember[] {
  return manager.sets[target].takeWhere(matcher(filter ?? {}));
}

/**
 * What a filter matches. Jids go before all else; a filter of nothing matches everything. Go writes a jid and a type in
 * filters otherwise than in JSON, so that those that JSON has to escape are mostly not found.
 */
function matcher({ jids = [], regexp = "", jobtype = "" }: Filter): (member: SetMember) => boolean {
  if (jids.length > 0) {
    const wanted = new Set(jids.map(quoted));
    return ({ payload }) => {
      for (const [, jid] of payload.matchAll(JID)) if (wanted.has(jid!)) return true;
      return false;
    };
  }
  const type = `"jobtype":${quoted(jobtype)}`;
  if (regexp !== "") {
    const matches = globMatcher(regexp);
    return ({ payload }) => matches(payload) && (jobtype === "" || payload.includes(type));
  }
  if (jobtype === "") return () => true;
  const matches = globMatcher(`*${type}*`);
  return ({ payload }) => matches(payload);
}

/** Every `jid` of a job that is stored, those among its arguments too. */
const JID = /"jid":("(?:[^"\\]|\\.)*")/g;
