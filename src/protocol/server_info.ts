import { ProtocolError } from "../errors.ts";
import { parseTimestamp } from "../job/timestamp.ts";

/** What INFO tells of a server. */
export interface ServerInfo {
  /** Jobs waiting in each queue, by its name. */
  readonly queues: Readonly<Record<string, number>>;
  /** Jobs in each of the server's sets. */
  readonly sets: {
    /** To be run at a later time. */
    readonly scheduled: number;
    /** Failed, and to be tried again. */
    readonly retries: number;
    /** Failed for good. */
    readonly dead: number;
    /** With a worker at this moment. */
    readonly working: number;
  };
  /** Counts since the server's data was last flushed. */
  readonly totals: {
    readonly enqueued: number;
    readonly processed: number;
    readonly failures: number;
    readonly queues: number;
  };
  /** The server itself. */
  readonly server: {
    /** `Faktory`, or `Faktory Enterprise`. */
    readonly description: string;
    /** For example `1.10.0`. */
    readonly version: string;
    readonly uptimeSeconds: number;
    readonly connections: number;
    readonly commandCount: number;
    readonly usedMemoryMb: number;
  };
  /** The reply as it came, for whatever else it holds. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/**
 * The sets, and the tasks of the server that look after them: before 1.9 their sizes stand there
 * alone.
 */
const TASKS = {
  scheduled: "Scheduled",
  retries: "Retries",
  dead: "Dead",
  working: "Busy",
} as const;

/**
 * Reads INFO's reply; figures that are missing count as 0.
 *
 * @throws {ProtocolError} `UNEXPECTED_REPLY` where it has neither queues nor a server in it.
 */
export function parseServerInfo(raw: Record<string, unknown>): ServerInfo {
  const faktory = object(raw["faktory"]);
  const server = object(raw["server"]);
  if (faktory === undefined || server === undefined) {
    throw new ProtocolError(
      "UNEXPECTED_REPLY",
      "Cannot read the server's reply as INFO as it lacks the object faktory or server",
    );
  }
  const sets = object(faktory["sets"]) ?? {};
  const tasks = object(faktory["tasks"]) ?? {};
  const sizeOf = (name: keyof typeof TASKS) =>
    number(sets[name] ?? object(tasks[TASKS[name]])?.["size"]);
  const queues = Object.entries(object(faktory["queues"]) ?? {});
  return {
    queues: Object.fromEntries(queues.map(([name, size]) => [name, number(size)])),
    sets: {
      scheduled: sizeOf("scheduled"),
      retries: sizeOf("retries"),
      dead: sizeOf("dead"),
      working: sizeOf("working"),
    },
    totals: {
      enqueued: number(faktory["total_enqueued"]),
      processed: number(faktory["total_processed"]),
      failures: number(faktory["total_failures"]),
      queues: number(faktory["total_queues"]),
    },
    server: {
      description: String(server["description"] ?? ""),
      version: String(server["faktory_version"] ?? ""),
      uptimeSeconds: number(server["uptime"]),
      connections: number(server["connections"]),
      commandCount: number(server["command_count"]),
      usedMemoryMb: number(server["used_memory_mb"]),
    },
    raw,
  };
}

function object(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/**
 * The server's time of day in INFO's reply, in ms since 1970. Servers before 1.9 give none that can
 * be used: the result is `fallback` then, the time of this machine.
 */
export function serverTime(raw: Readonly<Record<string, unknown>>, fallback: number): number {
  return parseTimestamp(raw["now"])?.getTime() ?? fallback;
}

/** Whether the server is Faktory Enterprise. */
export function isEnterprise({ server }: ServerInfo): boolean {
  return /enterprise/i.test(server.description);
}
