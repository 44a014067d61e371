import type { PlantedFault } from "./fault.ts";

/** Faults of the log that a server with `data` keeps. */
export const storeFaults: readonly PlantedFault[] = [
  {
    name: "a group is not synced",
    file: "src/server/store/log_store.ts",
    find: "await Promise.all([segment.sync(), isFirst ? this.#folder.sync() : undefined]);",
    replace: "await Promise.all([isFirst ? this.#folder.sync() : undefined]);",
  },
  {
    name: "the name of a new segment is not synced",
    file: "src/server/store/log_store.ts",
    find: "await Promise.all([segment.sync(), isFirst ? this.#folder.sync() : undefined]);",
    replace: "await Promise.all([segment.sync()]);",
  },
  {
    name: "a reply leaves before its group is synced",
    file: "src/server/store/group_commit.ts",
    find: "if (this.#hasChanges || this.#failure !== undefined) return this.#group;",
    replace: "if (this.#failure !== undefined) return this.#group;",
  },
  {
    name: "a reply leaves one group too early",
    file: "src/server/store/reply_gate.ts",
    find: "this.#held[0]!.group <= group",
    replace: "this.#held[0]!.group <= group + 1",
  },
  {
    name: "a failed sync counts as a successful one",
    file: "src/server/store/segment.ts",
    find: "fdatasync(this.#fd!, (error) => error ? reject(error) : resolve())",
    replace: "fdatasync(this.#fd!, () => resolve())",
  },
  {
    name: "a server continues after a failed write",
    file: "src/server/store/group_commit.ts",
    find: "this.#fail(cause);",
    replace: "void cause;",
  },
  {
    name: "a short write is not continued",
    file: "src/server/store/segment.ts",
    find: "done += count;\n        at += count;\n        if (BigInt(at)",
    replace: "done += left;\n        at += left;\n        if (BigInt(at)",
  },
  {
    name: "the checksum of a group is ignored",
    file: "src/server/store/replay.ts",
    find: "return checksum.sum === sum ? group : undefined;",
    replace: "return group;",
  },
  {
    name: "a start does not save the last group again",
    file: "src/server/store/open_log.ts",
    find: "await this.#saveLastGroup();",
    replace: "",
  },
  {
    name: "a start does not sync the names of the segments",
    file: "src/server/store/open_log.ts",
    find: "await folder.sync();",
    replace: "",
  },
  {
    name: "a start does not sync the name of the folder",
    file: "src/server/store/data_folder.ts",
    find: "    syncName(path, modules);\n",
    replace: "",
  },
  {
    name: "a log forgets which worker has a job",
    file: "src/server/store/log_store.ts",
    find: "this.#buffer.reserve(row, hold.at, hold.owner);",
    replace: "",
  },
  {
    name: "a log keeps jobs that were removed",
    file: "src/server/store/log_store.ts",
    find: "this.#buffer.remove(row);\n    this.#live.clear(row);",
    replace: "this.#live.clear(row);",
  },
  {
    name: "groups are numbered from the start again",
    file: "src/server/store/log_store.ts",
    find: "this.#group = replay.group ?? 0;",
    replace: "this.#group = 0;",
  },
  {
    name: "cleaning drops records that are needed",
    file: "src/server/store/cleaner.ts",
    find: "if (!this.#live.isAt(row, segment, records.recordStart)) return;",
    replace:
      "if (!this.#live.isAt(row, segment, records.recordStart)) return;\n    if (Math.random() < 0.5) return this.#live.clear(row);",
  },
  {
    name: "cleaning forgets that a worker has a job",
    file: "src/server/store/cleaner.ts",
    find: "const hold = this.#holds.get(row);",
    replace: "const hold = this.#holds.get(-1);",
  },
  {
    name: "cleaned segments are removed before their copy is saved",
    file: "src/server/store/log_store.ts",
    find: "await this.#writeHead(parts,",
    replace: "this.#segments.committed(this.#offset);\n    await this.#writeHead(parts,",
  },
  {
    name: "new jobs of a queue come before older ones after a start",
    file: "src/server/store/log_store.ts",
    find: "this.#order = replay.lastOrder;",
    replace: "this.#order = 0;",
  },
  {
    name: "a job of a removed queue comes back",
    file: "src/server/store/replay.ts",
    find: "this.#removedUpTo[places[records.place]!] = records.order;",
    replace: "",
  },
  {
    name: "a pause is not saved",
    file: "src/server/queues.ts",
    find: "this.#paused.add(copyText(name));\n    this.#save(name);",
    replace: "this.#paused.add(copyText(name));",
  },
];
