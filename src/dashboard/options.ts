import { invalidOption } from "../connection/options.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";

/** Options of {@linkcode dashboard}. */
export interface DashboardOptions {
  /** Path that the handler is mounted at, such as `/jobs`. @default "/" */
  readonly basePath?: string | undefined;
  /**
   * Password that visitors have to enter, or to send by HTTP Basic, with any user name. After five
   * wrong ones in half a minute nobody can try for the rest of it. `false`: whoever reaches the
   * handler may use it.
   *
   * @default that of the `FaktoryServer`; none for a producer
   */
  readonly password?: string | false | undefined;
  /** Shows everything and refuses every change. @default false */
  readonly readOnly?: boolean | undefined;
  /**
   * Host names at which the dashboard is reached, such as `jobs.example.com`. IP addresses and
   * `localhost` are always allowed. Requests for other names are refused: a page of another site
   * could reach the dashboard by a name that leads here (DNS rebinding). `"any"` is for programs
   * that check the host themselves.
   *
   * @default []
   */
  readonly hosts?: readonly string[] | "any" | undefined;
  /**
   * Address of the web page of a server that cannot be asked for jobs, to link to. @default none
   */
  readonly serverPage?: string | undefined;
  /** Gets the errors that visitors see as "Something went wrong". @default they are dropped */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Where time comes from. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

const DASHBOARD_OPTIONS = {
  basePath: true,
  password: true,
  readOnly: true,
  hosts: true,
  serverPage: true,
  onError: true,
  clock: true,
} as const satisfies OptionNames<DashboardOptions>;

/** {@linkcode DashboardOptions}, checked, with their defaults in place. */
export interface Settings {
  /** Without a `/` at its end: empty for the root. */
  readonly base: string;
  readonly password: string | undefined;
  readonly readOnly: boolean;
  readonly hosts: ReadonlySet<string> | "any";
  readonly serverPage: string | undefined;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
}

/** @throws {ConfigError} `INVALID_OPTION`. */
export function checkOptions(
  options: DashboardOptions,
  serverPassword: string | undefined,
): Settings {
  checkOptionNames(options, DASHBOARD_OPTIONS, "dashboard");
  const { basePath = "/", readOnly = false, hosts = [], serverPage } = options;
  const password = options.password ?? serverPassword ?? false;
  if (typeof basePath !== "string" || !/^\/[\w/.~-]*$/.test(basePath)) {
    throw invalidOption("basePath", "a path that begins with /", basePath);
  }
  if (password !== false && (typeof password !== "string" || password === "")) {
    throw invalidOption("password", "a text that is not empty, or false", typeof password);
  }
  if (typeof readOnly !== "boolean") throw invalidOption("readOnly", "true or false", readOnly);
  const isHosts = hosts === "any" ||
    Array.isArray(hosts) && hosts.every((host) => typeof host === "string" && host !== "");
  if (!isHosts) throw invalidOption("hosts", 'names of hosts, or "any"', hosts);
  if (serverPage !== undefined && !/^https?:\/\//.test(serverPage)) {
    throw invalidOption("serverPage", "an http:// or https:// address", serverPage);
  }
  return {
    base: basePath.replace(/\/+$/, ""),
    password: password === false ? undefined : password,
    ...{ readOnly, serverPage },
    hosts: hosts === "any" ? hosts : new Set(hosts.map((host) => host.toLowerCase())),
    onError: options.onError ?? (() => {}),
    clock: options.clock ?? systemClock,
  };
}
