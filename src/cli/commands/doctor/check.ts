import type { Producer } from "../../../../mod.ts";
import type { ServerInfo } from "../../../../mod.ts";
import type { Greeting } from "../../../protocol/handshake.ts";
import type { ConnectTarget } from "../../../transport/transport.ts";
import type { ConnectionFlags, Server } from "../../connect.ts";
import { CliError, explain } from "../../failure.ts";
import type { CliIo } from "../../io.ts";

/** How it stands. */
export type State = "ok" | "warning" | "fault" | "skipped";

/** What a check found. */
export interface Finding {
  readonly state: State;
  /** What it is. */
  readonly text: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** The exit status that a fault stands for. */
  readonly status?: number | undefined;
  /** The check whose fault is why it was skipped. */
  readonly lacks?: string | undefined;
}

/** What is known so far; each check adds what it finds out. */
export interface Facts {
  readonly flags: ConnectionFlags;
  readonly io: CliIo;
  /** The server that is meant, with its password. */
  server?: Server;
  target?: ConnectTarget;
  /** Where the password came from, if there is one. */
  passwordFrom?: string | undefined;
  /** The addresses of its host. */
  addresses?: readonly string[];
  /** The first of them that answers. */
  address?: string;
  greeting?: Greeting;
  producer?: Producer;
  info?: ServerInfo;
  /** When INFO was asked for and when its reply was there, in milliseconds since 1970. */
  asked?: { readonly at: number; readonly answeredAt: number };
}

/** One thing to look at. */
export interface Check {
  readonly name: string;
  /**
   * The checks without which it makes no sense: it is skipped where one of them found a fault, or
   * was skipped for one.
   */
  readonly needs?: readonly string[];
  /** What is thrown is a fault. */
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

/** The fault that an error stands for. */
export function fault(error: unknown): Finding {
  const { status, message, hint } = explain(error, "see faktory doctor --help");
  return { state: "fault", text: message.replace(/\.$/, ""), hint, status };
}

/** A fault, to be thrown. */
export function faulty(status: number, text: string, hint: string): CliError {
  return new CliError(status, text, hint);
}

/** A fact that a check before this one has found out. */
export function known<T>(fact: T | undefined): T {
  if (fact === undefined) throw new Error("A check ran before those that it needs");
  return fact;
}

/** How long the server has for one step, in milliseconds. */
export function patience({ flags }: Facts, fallback = 5000): number {
  return flags.timeout ?? fallback;
}
