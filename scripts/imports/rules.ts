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

/**
 * Returns the room of an adapter, which knows its runtime and bytes, but no protocol and no other
 * adapter.
 */
function adapter(name: string, own: Pick<Room, "globals" | "builtins">): Room {
  return {
    name: `${name} adapter`,
    files: [`src/transport/${name}.ts`, `src/transport/${name}/`],
    imports: [...leaves, "environment", "transport types", "transport helpers"],
    ...own,
  };
}

export const rooms: readonly Room[] = [
  { name: "errors", files: ["src/errors.ts", "src/error_codes.ts"], imports: [] },
  {
    name: "environment",
    files: ["src/internal/environment.ts"],
    imports: [],
    globals: ["globalThis", "Deno", "Bun", "process"],
    computes: true,
  },
  {
    name: "host timers",
    files: ["src/internal/host_timers.ts"],
    imports: ["environment"],
    globals: ["globalThis", "Bun", "process", ...timeGlobals],
  },
  {
    name: "internal",
    files: ["src/internal/"],
    imports: ["environment", "errors", "host timers"],
    globals: realmClasses,
  },
  { name: "events", files: ["src/events.ts"], imports: leaves },
  {
    name: "job",
    files: ["src/job/"],
    imports: [...leaves, "events"],
    // The time when a job was created.
    globals: ["Date.now"],
  },
  { name: "brands", files: ["src/brands.ts"], imports: [...leaves, "job"] },
  { name: "protocol", files: ["src/protocol/"], imports: [...leaves, "events", "job"] },

  { name: "transport types", files: ["src/transport/transport.ts"], imports: [] },
  adapter("deno", { globals: ["Deno", "globalThis"] }),
  adapter("bun", { globals: ["Bun", "globalThis"] }),
  adapter("node", { builtins: ["node:"] }),
  adapter("workerd", {}),
  {
    name: "select",
    files: ["src/transport/select.ts"],
    imports: [...leaves, "environment", "transport types", "transport helpers"],
    loads: ["deno adapter", "bun adapter", "node adapter", "workerd adapter"],
  },
  {
    name: "stream",
    files: ["src/transport/stream.ts"],
    imports: [...leaves, "transport types", "transport helpers", "select"],
  },
  {
    name: "transport helpers",
    files: ["src/transport/"],
    imports: [...leaves, "environment", "transport types"],
  },

  {
    name: "options",
    files: ["src/connection/options.ts"],
    imports: [...leaves, "transport types", "connection"],
  },
  {
    name: "connection",
    files: ["src/connection/"],
    imports: [...core, "options", "transport types", "transport helpers", "select", "stream"],
  },
  {
    name: "producer's face",
    files: ["src/producer/mod.ts", "src/producer/producer.ts"],
    imports: [...client, "producer"],
  },
  { name: "producer", files: ["src/producer/"], imports: [...client, "producer's face"] },
  {
    name: "signals",
    files: ["src/signals/"],
    imports: [...leaves, "environment"],
    globals: ["globalThis"],
  },
  {
    name: "isolated script",
    files: ["src/consumer/isolated/thread_main.ts"],
    imports: ["consumer"],
    globals: ["process", "Deno", "Bun", "globalThis", "instanceof Error"],
    builtins: ["node:"],
    computes: true,
  },
  {
    name: "consumer",
    files: ["src/consumer/"],
    imports: [...client, "producer's face", "signals"],
  },

  {
    name: "edge's clock",
    files: ["src/edge/clock.ts"],
    imports: leaves,
    globals: ["globalThis", ...timeGlobals],
  },
  {
    name: "edge",
    files: ["src/edge/"],
    // The sockets of one runtime, without the choice among all adapters.
    imports: [...client, "edge's clock", "transport helpers", "workerd adapter"],
    // A Worker has one realm.
    globals: ["instanceof URL"],
  },

  {
    name: "listener",
    files: ["src/server/listener.ts", "src/server/listener/"],
    imports: [...leaves, "environment", "server's core"],
    builtins: ["node:"],
  },
  {
    name: "server",
    files: ["src/server/mod.ts", "src/server/server.ts"],
    imports: [...leaves, "listener", "server's core", "options", "inspection types", "protocol"],
  },
  {
    name: "server's core",
    files: ["src/server/"],
    // Of the client's rooms, only the checks of options.
    imports: [...core, "options", "inspection types"],
  },
  { name: "inspection types", files: ["src/inspect/types.ts"], imports: ["job"] },
  {
    name: "inspection",
    files: ["src/inspect/"],
    imports: [...core, "inspection types", "producer's face"],
  },

  {
    name: "testing",
    files: ["src/testing/"],
    // Not the listener, because tests must run without sockets.
    imports: [
      ...client,
      ...["transport helpers", "producer's face", "producer", "consumer", "server's core"],
    ],
    // The start time of a fake server's clock.
    globals: ["Date.now"],
  },

  {
    name: "spawner",
    files: ["src/supervisor/spawner.ts"],
    imports: [...leaves, "environment", "signals", "supervisor types"],
    builtins: ["node:"],
  },
  { name: "supervisor types", files: ["src/supervisor/spawn.ts"], imports: [] },
  {
    name: "supervisor",
    files: ["src/supervisor/"],
    // Like the server: of the client's rooms, only the checks of options.
    imports: [
      ...leaves,
      ...["environment", "events", "options", "signals", "spawner", "supervisor types"],
    ],
  },

  {
    name: "job lines",
    // Shared by the command, which works without JSR, and the entry.
    files: ["error", "job_line_reader", "line_text", "merge_streams", "whole_lines"]
      .map((name) => `src/ndjson/${name}.ts`),
    imports: [...leaves, "brands", "job"],
  },
  {
    name: "ndjson",
    files: ["src/ndjson/"],
    imports: [...leaves, "job", "job lines", "options"],
    packages: ["@std/streams"],
  },

  {
    name: "telemetry",
    files: ["src/telemetry/"],
    imports: [...leaves, "job", "producer's face", "producer", "consumer"],
    packages: ["@opentelemetry/api"],
  },
  {
    name: "health",
    files: ["src/health/"],
    imports: [...leaves, "job", "options", "consumer", "producer's face", "producer"],
  },
  {
    name: "cron",
    files: ["src/cron/"],
    imports: [...core, "connection", "options", "producer's face"],
    packages: ["croner"],
  },
  {
    name: "workflow",
    files: ["src/workflow/"],
    imports: [...core, "options", "producer's face", "consumer"],
  },
  {
    name: "outbox",
    files: ["src/outbox/"],
    imports: [...leaves, "events", "job", "options", "producer's face"],
  },
  {
    name: "dashboard",
    files: ["src/dashboard/"],
    imports: [
      ...[...core, "options", "inspection", "inspection types", "producer's face", "producer"],
      ...["server", "health"],
    ],
    packages: ["hono"],
  },
  {
    name: "module loader",
    // Loads modules that the user of the command names.
    files: ["src/cli/commands/work/load.ts"],
    imports: [...leaves, "environment", "command line"],
    builtins: ["node:"],
    computes: true,
  },
  {
    name: "command line",
    files: ["src/cli/"],
    // The public faces. The command also finds the server and diagnoses its problems, so it uses
    // parts of the client.
    imports: [
      ...client,
      ...[
        "transport helpers",
        "root",
        "producer's face",
        "consumer",
        "server",
        "signals",
        "supervisor",
        "job lines",
        "module loader",
        "inspection",
        "inspection types",
        "dashboard",
      ],
    ],
    packages: ["commander"],
    builtins: ["node:"],
    // A program. No test framework runs it in its own realm or with its own timers.
    globals: [...timeGlobals, ...realmClasses],
  },

  {
    name: "root",
    files: ["mod.ts"],
    imports: [...client, "stream", "producer's face", "producer", "consumer"],
  },
];
