/**
 * The import rules, as data. `scripts/check_imports.ts` checks `mod.ts` and `src/` against them.
 * Tests and scripts may import anything.
 */

/** A part of the source with rules of its own. */
export interface Room {
  readonly name: string;
  /** Its files, and its folders with a `/` at the end. The first room that has a file has it. */
  readonly files: readonly string[];
  /** Rooms that it may import besides itself. */
  readonly imports: readonly string[];
  /** Rooms that it may also load, but only with `import()`. */
  readonly loads?: readonly string[];
  /** Packages that it may import, as named in `deno.json`. */
  readonly packages?: readonly string[];
  /** Runtime globals that it may use. @default none */
  readonly globals?: readonly string[];
  /** Prefixes of the runtime modules that it may import, such as `node:`. @default none */
  readonly builtins?: readonly string[];
  /** May import computed names. @default false */
  readonly computes?: boolean;
}

/** Globals that not every runtime has, and the names through which all globals can be reached. */
export const runtimeGlobals: readonly string[] = [
  ...["Deno", "Bun", "process", "Buffer", "setImmediate", "require", "__dirname", "__filename"],
  ...["globalThis", "self", "window", "global"],
];

/**
 * Globals that the fake timers of test frameworks replace. The library reads them once, in
 * `host_timers.ts`, and otherwise uses a `Clock`. Only times that the user sees come from `Date` at
 * the call. `new Date()` counts as `Date.now`.
 */
export const timeGlobals: readonly string[] = [
  ...["setTimeout", "clearTimeout", "setInterval", "clearInterval", "queueMicrotask"],
  ...["performance", "Date.now"],
];

/**
 * Classes for which `instanceof` fails on objects of another realm, as in Jest. `internal/kinds.ts`
 * checks their tags instead.
 */
export const realmClasses: readonly string[] = ["Date", "Error", "URL", "Uint8Array"]
  .map((name) => `instanceof ${name}`);

const leaves = ["errors", "internal", "host timers"];
const core = [...leaves, "environment", "events", "job", "protocol"];
const client = [...core, "brands", "transport types", "connection", "options"];
const transport = ["transport types", "transport helpers"];
const producer = ["producer's face", "producer"];
const jobLines = ["error", "job_line_reader", "line_text", "merge_streams", "whole_lines"];

/** The parts of a room that few rooms have. */
type Extra = Omit<Room, "name" | "files" | "imports">;

/** Describes a room: its name, with its files, and the rooms that it may import. */
function room(
  [name, ...files]: readonly [name: string, ...files: string[]],
  imports: readonly string[],
  extra: Extra = {},
): Room {
  return {
    name,
    files: files.map((file) => file === "mod.ts" ? file : `src/${file}`),
    imports,
    ...extra,
  };
}

/**
 * Describes an adapter, which knows its runtime and bytes, but no protocol and no other adapter.
 */
function adapter(name: string, extra: Extra): Room {
  const files = [`transport/${name}.ts`, `transport/${name}/`];
  return room([`${name} adapter`, ...files], [...leaves, "environment", ...transport], extra);
}

export const rooms: readonly Room[] = [
  room(["errors", "errors.ts", "error_codes.ts"], []),
  room(["environment", "internal/environment.ts"], [], {
    globals: ["globalThis", "Deno", "Bun", "process"],
    computes: true,
  }),
  room(["host timers", "internal/host_timers.ts"], ["environment"], {
    globals: ["globalThis", "Bun", "process", ...timeGlobals],
  }),
  room(["internal", "internal/"], ["environment", "errors", "host timers"], {
    globals: realmClasses,
  }),
  room(["events", "events.ts"], leaves),
  // The time when a job was created.
  room(["job", "job/"], [...leaves, "events"], { globals: ["Date.now"] }),
  room(["brands", "brands.ts"], [...leaves, "job"]),
  room(["protocol", "protocol/"], [...leaves, "events", "job"]),

  room(["transport types", "transport/transport.ts"], []),
  adapter("deno", { globals: ["Deno", "globalThis"] }),
  adapter("bun", { globals: ["Bun", "globalThis"] }),
  adapter("node", { builtins: ["node:"] }),
  adapter("workerd", {}),
  room(["select", "transport/select.ts"], [...leaves, "environment", ...transport], {
    loads: ["deno adapter", "bun adapter", "node adapter", "workerd adapter"],
  }),
  room(["stream", "transport/stream.ts"], [...leaves, ...transport, "select"]),
  room(["transport helpers", "transport/"], [...leaves, "environment", "transport types"]),

  room(["options", "connection/options.ts"], [...leaves, "transport types", "connection"]),
  room(["connection", "connection/"], [...core, "options", ...transport, "select", "stream"]),
  room(["producer's face", "producer/mod.ts", "producer/producer.ts"], [...client, "producer"]),
  room(["producer", "producer/"], [...client, "producer's face"]),
  room(["signals", "signals/"], [...leaves, "environment"], { globals: ["globalThis"] }),
  room(["isolated script", "consumer/isolated/thread_main.ts"], ["consumer"], {
    globals: ["process", "Deno", "Bun", "globalThis", "instanceof Error"],
    builtins: ["node:"],
    computes: true,
  }),
  room(["consumer", "consumer/"], [...client, "producer's face", "signals"]),

  room(["edge's clock", "edge/clock.ts"], leaves, { globals: ["globalThis", ...timeGlobals] }),
  room(
    ["edge", "edge/"],
    // The sockets of one runtime, without the choice among all adapters.
    [...client, "edge's clock", "transport helpers", "workerd adapter"],
    // A Worker has one realm.
    { globals: ["instanceof URL"] },
  ),

  room(
    ["listener", "server/listener.ts", "server/listener/"],
    [...leaves, "environment", "server's core"],
    { builtins: ["node:"] },
  ),
  room(
    ["server", "server/mod.ts", "server/server.ts"],
    [...leaves, "listener", "server's core", "options", "inspection types", "protocol"],
  ),
  // Of the client's rooms, only the checks of options.
  room(["server's core", "server/"], [...core, "options", "inspection types"]),
  room(["inspection types", "inspect/types.ts"], ["job"]),
  room(["inspection", "inspect/"], [...core, "inspection types", "producer's face"]),

  room(
    ["testing", "testing/"],
    // Not the listener, because tests must run without sockets.
    [...client, "transport helpers", ...producer, "consumer", "server's core"],
    // The start time of a fake server's clock.
    { globals: ["Date.now"] },
  ),

  room(
    ["spawner", "supervisor/spawner.ts"],
    [...leaves, "environment", "signals", "supervisor types"],
    { builtins: ["node:"] },
  ),
  room(["supervisor types", "supervisor/spawn.ts"], []),
  room(
    ["supervisor", "supervisor/"],
    // Like the server: of the client's rooms, only the checks of options.
    [...leaves, "environment", "events", "options", "signals", "spawner", "supervisor types"],
  ),

  // Shared by the command, which works without JSR, and the entry.
  room(["job lines", ...jobLines.map((name) => `ndjson/${name}.ts`)], [...leaves, "brands", "job"]),
  room(["ndjson", "ndjson/"], [...leaves, "job", "job lines", "options"], {
    packages: ["@std/streams"],
  }),

  room(["telemetry", "telemetry/"], [...leaves, "job", ...producer, "consumer"], {
    packages: ["@opentelemetry/api"],
  }),
  room(["health", "health/"], [...leaves, "job", "options", "consumer", ...producer]),
  room(["cron", "cron/"], [...core, "connection", "options", "producer's face"], {
    packages: ["croner"],
  }),
  room(["workflow", "workflow/"], [...core, "options", "producer's face", "consumer"]),
  room(["outbox", "outbox/"], [...leaves, "events", "job", "options", "producer's face"]),
  room(
    ["dashboard", "dashboard/"],
    [...core, "options", "inspection", "inspection types", ...producer, "server", "health"],
    { packages: ["hono"] },
  ),
  // Loads modules that the user of the command names.
  room(
    ["module loader", "cli/commands/work/load.ts"],
    [...leaves, "environment", "command line"],
    { builtins: ["node:"], computes: true },
  ),
  room(
    ["command line", "cli/"],
    // The public faces. The command also finds the server and diagnoses its problems, so it uses
    // parts of the client.
    [
      ...[...client, "transport helpers", "root", "producer's face", "consumer", "server"],
      ...["signals", "supervisor", "job lines", "module loader", "dashboard"],
      ...["inspection", "inspection types"],
    ],
    {
      packages: ["commander"],
      builtins: ["node:"],
      // A program. No test framework runs it in its own realm or with its own timers.
      globals: [...timeGlobals, ...realmClasses],
    },
  ),

  room(["root", "mod.ts"], [...client, "stream", ...producer, "consumer"]),
];
