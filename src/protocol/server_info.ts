import { ProtocolError } from "../errors.ts";
import { parseTimestamp } from "../job/timestamp.ts";

/** The server's statistics (INFO). */
export interface ServerInfo {
  /** Number of waiting jobs in each queue, by name. */
  readonly queues: Readonly<Record<string, number>>;
  /** Number of jobs in each of the server's sets. */
  readonly sets: {
    /** Jobs that run at a later time. */
    readonly scheduled: number;
    /** Failed jobs that will be retried. */
    readonly retries: number;
    /** Jobs that failed for the last time. */
    readonly dead: number;
    /** Jobs that workers have now. */
    readonly working: number;
  };
  /** Counts since the server's data was last flushed. */
  readonly totals: {
    readonly enqueued: number;
    readonly processed: number;
    readonly failures: number;
    readonly queues: number;
  };
  /** The server program. */
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
  /** The reply as the server sent it, with all other fields. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** The sets, and the server's tasks that handle them. Before 1.9, only the tasks have the sizes. */
const TASKS = {
  scheduled: "Scheduled",
  retries: "Retries",
  dead: "Dead",
  working: "Busy",
} as const;

/**
 * Parses the reply to INFO. Missing numbers count as 0.
 *
 * @throws {ProtocolError} `UNEXPECTED_REPLY` if there are no queues or no server in it.
 */
export function parseServerInfo(raw: Record<string, unknown>): ServerInfo {
  const faktory = object(raw["faktory"]);
  const server = object(raw["server"]);
  if (faktory === undefined || server === undefined) {
    throw new ProtocolError(
      "UNEXPECTED_REPLY",
      "Cannot read the server's reply to INFO as it has no object faktory or no object server",
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
 * Returns the server's time of day in a reply to INFO, in ms since 1970. Servers before 1.9 send no
 * usable time; the result is then `fallback`, the time of this machine.
 */
export function serverTime(raw: Readonly<Record<string, unknown>>, fallback: number): number {
  return parseTimestamp(raw["now"])?.getTime() ?? fallback;
}

/** Returns true if the server is Faktory Enterprise. */
export function isEnterprise({ server }: ServerInfo): boolean {
  return /enterprise/i.test(server.description);
}
