import { invalidOption } from "../connection/options.ts";
import { type Clock, systemClock } from "../internal/clock.ts";
import { checkOptionNames, type OptionNames } from "../internal/option_names.ts";

/** Options of {@linkcode dashboard}. */
export interface DashboardOptions {
  /** Path where the handler is mounted, such as `/jobs`. @default "/" */
  readonly basePath?: string | undefined;
  /**
   * Password of the dashboard. Programs send it by HTTP Basic with any user name, or as a bearer
   * token. After five wrong passwords an address is refused for half a minute. `false` lets
   * everybody in who reaches the handler.
   *
   * @default the password of the `FaktoryServer`; none for a producer
   */
  readonly password?: string | false | undefined;
  /** Refuses every change. @default false */
  readonly readOnly?: boolean | undefined;
  /**
   * Host names of the dashboard, such as `jobs.example.com`. IP addresses and `localhost` are
   * always allowed. Other names are refused, because another site could use one to reach the
   * dashboard (DNS rebinding). `"any"` is for programs that check the host themselves.
   *
   * @default []
   */
  readonly hosts?: readonly string[] | "any" | undefined;
  /**
   * Uses the headers `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`. Set it only
   * behind a proxy that sets all three: otherwise visitors could set them.
   *
   * @default false
   */
  readonly trustProxy?: boolean | undefined;
  /** Address of the server's own web page, to link to if the server lists no jobs. @default none */
  readonly serverPage?: string | undefined;
  /** Called with errors that visitors see as "Something went wrong". @default none */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Source of time. @default the machine's clock */
  readonly clock?: Clock | undefined;
}

const DASHBOARD_OPTIONS = {
  basePath: true,
  password: true,
  readOnly: true,
  hosts: true,
  trustProxy: true,
  serverPage: true,
  onError: true,
  clock: true,
} as const satisfies OptionNames<DashboardOptions>;

/** Checked {@linkcode DashboardOptions} with their defaults. */
export interface Settings {
  /** The base path without a `/` at its end. Empty for the root. */
  readonly base: string;
  readonly password: string | undefined;
  readonly readOnly: boolean;
  readonly hosts: ReadonlySet<string> | "any";
  readonly trustProxy: boolean;
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
  const { basePath = "/", readOnly = false, hosts = [], trustProxy = false, serverPage } = options;
  const password = options.password ?? serverPassword ?? false;
  if (typeof basePath !== "string" || !/^\/[\w/.~-]*$/.test(basePath)) {
    throw invalidOption("basePath", "a path that begins with /", basePath);
  }
  if (password !== false && (typeof password !== "string" || password === "")) {
    throw invalidOption("password", "a text that is not empty, or false", typeof password);
  }
  if (typeof readOnly !== "boolean") throw invalidOption("readOnly", "true or false", readOnly);
  if (typeof trustProxy !== "boolean") {
    throw invalidOption("trustProxy", "true or false", trustProxy);
  }
  const isHosts = hosts === "any" ||
    Array.isArray(hosts) && hosts.every((host) => typeof host === "string" && host !== "");
  if (!isHosts) throw invalidOption("hosts", 'names of hosts, or "any"', hosts);
  if (serverPage !== undefined && !/^https?:\/\//.test(serverPage)) {
    throw invalidOption("serverPage", "an http:// or https:// address", serverPage);
  }
  return {
    base: basePath.replace(/\/+$/, ""),
    password: password === false ? undefined : password,
    ...{ readOnly, trustProxy, serverPage },
    hosts: hosts === "any" ? hosts : new Set(hosts.map((host) => host.toLowerCase())),
    onError: options.onError ?? (() => {}),
    clock: options.clock ?? systemClock,
  };
}
