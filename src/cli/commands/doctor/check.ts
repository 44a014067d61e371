import type { Producer } from "../../../../mod.ts";
import type { ServerInfo } from "../../../../mod.ts";
import type { Greeting } from "../../../protocol/handshake.ts";
import type { ConnectTarget } from "../../../transport/transport.ts";
import type { ConnectionFlags, Server } from "../../connect.ts";
import { CliError, explain } from "../../failure.ts";
import type { CliIo } from "../../io.ts";

/** The result of a check. */
export type State = "ok" | "warning" | "fault" | "skipped";

/** A finding of a check. */
export interface Finding {
  readonly state: State;
  /** The finding in words. */
  readonly text: string;
  /** Advice on fixing it. */
  readonly hint?: string | undefined;
  /** The exit status for a fault. */
  readonly status?: number | undefined;
  /** Name of the failed check because of which this check was skipped. */
  readonly lacks?: string | undefined;
}

/** The facts found so far. Each check adds its own. */
export interface Facts {
  readonly flags: ConnectionFlags;
  readonly io: CliIo;
  /** The server to check, with its password. */
  server?: Server;
  target?: ConnectTarget;
  /** The source of the password, if there is one. */
  passwordFrom?: string | undefined;
  /** The IP addresses of the server's host. */
  addresses?: readonly string[];
  /** The first address that answers. */
  address?: string;
  greeting?: Greeting;
  producer?: Producer;
  info?: ServerInfo;
  /** When INFO was sent and when its reply arrived, in ms since 1970. */
  asked?: { readonly at: number; readonly answeredAt: number };
}

/** One check. */
export interface Check {
  readonly name: string;
  /**
   * The checks that must pass first. This check is skipped if one of them found a fault or was
   * skipped for one.
   */
  readonly needs?: readonly string[];
  /** Runs the check. An error that it throws is a fault. */
  run(facts: Facts): Promise<Finding> | Finding;
}

export function ok(text: string): Finding {
  return { state: "ok", text };
}

export function skipped(text: string): Finding {
  return { state: "skipped", text };
}

export function warning(text: string, hint: string): Finding {
  return { state: "warning", text, hint };
}

/** Turns an error into a fault. */
export function fault(error: unknown): Finding {
  const { status, message, hint } = explain(error, "see faktory doctor --help");
  return { state: "fault", text: message.replace(/\.$/, ""), hint, status };
}

/** Creates the error of a fault. */
export function faultError(status: number, text: string, hint: string): CliError {
  return new CliError(status, text, hint);
}

/** Returns a fact that an earlier check has found. */
export function required<T>(fact: T | undefined): T {
  if (fact === undefined) throw new Error("A check ran before those that it needs");
  return fact;
}

/** Time limit for one step, in ms. */
export function timeoutOf({ flags }: Facts, fallback = 5000): number {
  return flags.timeout ?? fallback;
}
