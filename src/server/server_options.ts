import { ConfigError } from "../errors.ts";
import { integerIn, invalidOption } from "../connection/options.ts";
import type { Clock } from "../internal/clock.ts";
import type { OptionNames } from "../internal/option_names.ts";
import type { ServerCron } from "./enterprise/cron.ts";
import type { ServerThrottle } from "./enterprise/throttles.ts";
import { checkListener, type EmitEvent, type ServerEvent } from "./events.ts";

/** The edition to imitate. `enterprise` adds batches, tracking, and unique and expiring jobs. */
export type ServerEdition = "free" | "enterprise";

/** Options of a server that do not depend on how clients connect. */
export interface ServerOptions {
  /**
   * The edition to imitate. `enterprise` has batches and tracking, and respects `unique_for`,
   * `unique_until`, `expires_at` and `expires_in` in a job's `custom`. `free` refuses BATCH and
   * TRACK and ignores these keys, like the free server of Faktory. Use `enterprise` only if your
   * production server is Faktory Enterprise: the free server ignores these keys without an error.
   *
   * @default "free"
   */
  readonly edition?: ServerEdition | undefined;
  /**
   * Recurring jobs that the server enqueues, as in the configuration of Faktory Enterprise. Only
   * for the edition `enterprise`. With other servers, use the entry `./cron`.
   *
   * @default none
   */
  readonly cron?: readonly ServerCron[] | undefined;
  /**
   * Limits on how many jobs of a queue run at the same time, by queue name, as in the configuration
   * of Faktory Enterprise. Only for the edition `enterprise`. With other servers, use a consumer's
   * option `limits`. The server checks the limit when a FETCH arrives, not while the FETCH waits.
   *
   * @default none
   */
  readonly throttles?: Readonly<Record<string, ServerThrottle>> | undefined;
  /**
   * Called when a client connects, is refused or leaves, and when a job fails, for example to write
   * a log. The server ignores errors that this function throws.
   *
   * @default none
   */
  readonly onEvent?: ((event: ServerEvent) => void) | undefined;
  /** The password that clients must send. @default none */
  readonly password?: string | undefined;
  /** Maximum number of connections. @default 2000 */
  readonly maxConnections?: number | undefined;
  /**
   * Longest line of a command that brings jobs (PUSH, PUSHB), in bytes: 64 KiB to 512 MiB. The
   * server answers a longer line with an error and discards it. Lines of FAIL and MUTATE may have 1
   * MiB, lines of other commands 64 KiB.
   *
   * @default 67108864 (64 MiB)
   */
  readonly maxLineBytes?: number | undefined;
  /**
   * Time that a FETCH waits for a job, in ms. A client that waits for an empty queue, or wants to
   * stop, waits this long. Smaller values make tests faster, but clients then poll empty queues
   * more often.
   *
   * @default 2000, as on the reference server
   */
  readonly fetchWaitMs?: number | undefined;
  /**
   * The source of the server's time. Tests pass a `ManualClock` to move the time themselves.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock | undefined;
}

/** The names of {@linkcode ServerOptions}. */
export const SERVER_OPTIONS = {
  onEvent: true,
  edition: true,
  cron: true,
  throttles: true,
  password: true,
  maxConnections: true,
  maxLineBytes: true,
  fetchWaitMs: true,
  clock: true,
} as const satisfies OptionNames<ServerOptions>;

const FETCH_WAIT_MS = 2000;
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** Checked {@linkcode ServerOptions} with defaults. */
export interface ServerSettings {
  readonly isEnterprise: boolean;
  readonly password: string | undefined;
  readonly maxConnections: number;
  readonly maxLineBytes: number;
  readonly fetchWaitMs: number;
  readonly emit: EmitEvent | undefined;
}

/**
 * Checks the options of a server.
 *
 * @throws {ConfigError} `INVALID_OPTION`.
 */
export function resolveServerOptions(options: ServerOptions): ServerSettings {
  const isEnterprise = checkEdition(options.edition);
  const { cron, throttles } = options;
  checkEnterpriseOnly(isEnterprise, "throttles", throttles, "a consumer's option limits");
  checkEnterpriseOnly(isEnterprise, "cron", cron, "Schedule of the entry ./cron");
  const password = optionalText("password", options.password);
  return {
    isEnterprise,
    password: password === "" ? undefined : password,
    maxConnections: integerIn("maxConnections", options.maxConnections, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      fallback: 2000,
    }),
    maxLineBytes: integerIn("maxLineBytes", options.maxLineBytes, {
      min: 64 * 1024,
      max: 512 * 1024 * 1024,
      fallback: MAX_LINE_BYTES,
    }),
    fetchWaitMs: integerIn("fetchWaitMs", options.fetchWaitMs, {
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      fallback: FETCH_WAIT_MS,
    }),
    emit: checkListener(options.onEvent),
  };
}

/** @throws {ConfigError} `INVALID_OPTION` if the server is free and the option is given. */
function checkEnterpriseOnly(
  isEnterprise: boolean,
  name: string,
  value: unknown,
  instead: string,
): void {
  if (value === undefined || isEnterprise) return;
  throw new ConfigError(
    "INVALID_OPTION",
    `Cannot use the option ${name} with the edition free: use the edition enterprise, or ` +
      `${instead}, which works with every server`,
  );
}

/** @throws {ConfigError} `INVALID_OPTION` if the edition is unknown. */
function checkEdition(edition: unknown): boolean {
  if (edition === undefined || edition === "free") return false;
  if (edition === "enterprise") return true;
  throw invalidOption("edition", '"free" or "enterprise"', edition);
}

/** @throws {ConfigError} `INVALID_OPTION` if the option is not a string. */
export function optionalText(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw invalidOption(name, "a string", name === "password" ? typeof value : value);
}
