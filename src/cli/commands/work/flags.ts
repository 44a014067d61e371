import { InvalidArgumentError } from "commander";
import type { QueueChoice } from "../../../../mod.ts";
import type { ConnectionFlags } from "../../connect.ts";

/** The flags of `faktory work`. */
export interface WorkFlags extends ConnectionFlags {
  readonly queues?: QueueChoice;
  readonly concurrency?: number;
  readonly processes?: number;
  readonly watch?: boolean;
  readonly labels?: readonly string[];
  /** In ms. */
  readonly grace?: number;
  readonly untilEmpty?: boolean;
  readonly maxJobs?: number;
  readonly check?: boolean;
  readonly quiet?: boolean;
  /** True if another process of this command started and supervises this one. */
  readonly child?: boolean;
}

const QUEUES = "It must be names in order, critical,default, or with weights, " +
  "critical=3,default=1";

/** Parses queue names in order, or with weights if any has one. */
export function queueChoice(text: string): QueueChoice {
  const pairs = text.split(",").map((part) => part.trim().split("="));
  const names = pairs.map(([name = ""]) => name);
  if (pairs.some((pair) => pair.length > 2) || names.includes("")) {
    throw new InvalidArgumentError(QUEUES);
  }
  if (new Set(names).size < names.length) {
    throw new InvalidArgumentError("It must name each queue once");
  }
  if (pairs.every((pair) => pair.length === 1)) return names;
  return Object.fromEntries(pairs.map(([name = "", weight = "1"]) => [name, positive(weight)]));
}

/** Parses a comma-separated list. */
export function list(text: string): readonly string[] {
  const texts = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  if (texts.length > 0) return texts;
  throw new InvalidArgumentError("It must be a list separated by commas");
}

function positive(text: string): number {
  const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError(QUEUES);
}
