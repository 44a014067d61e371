import { InvalidArgumentError } from "../errors.ts";
import { isDate } from "../internal/kinds.ts";
import { showValue } from "../internal/show.ts";
import type { Job } from "../job/job.ts";
import { arrayText, JsonFault, objectText } from "../job/json.ts";
import { difference, showJson } from "./difference.ts";

/** What a job is to be like; what is left out is not looked at. */
export interface ExpectedJob<Args extends readonly unknown[] = readonly unknown[]> {
  /** Its arguments, all of them, compared as JSON. */
  readonly args?: Args | undefined;
  /** Its queue. */
  readonly queue?: string | undefined;
  /** Its time, to within a second, or `withinMs`; `null`: it is to be run at once. */
  readonly at?: Date | null | undefined;
  /** By how much `at` may differ, in milliseconds. @default 1000 */
  readonly withinMs?: number | undefined;
  /** Its retries; 25 where it did not say. */
  readonly retry?: number | undefined;
  /** What its `custom` is to have, among other things. */
  readonly custom?: Readonly<Record<string, unknown>> | undefined;
}

const DEFAULT_WITHIN_MS = 1000;

/** An {@linkcode ExpectedJob}, checked. */
export class Expectation {
  readonly #type: string;
  readonly #wanted: ExpectedJob;
  readonly #args: unknown;
  readonly #custom: unknown;

  /**
   * `others` are names that are no property of a job, but known to the caller.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT`.
   */
  constructor(type: unknown, wanted: ExpectedJob, others: readonly string[] = []) {
    if (typeof type !== "string" || type === "") {
      throw invalid(`its type is no text, or empty: got ${showValue(type)}`);
    }
    const names = ["args", "queue", "at", "withinMs", "retry", "custom", ...others];
    const unknown = Object.keys(wanted).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw invalid(
        `${showValue(unknown)} is nothing to look for: there are ${names.join(", ")}`,
      );
    }
    const { at, args, custom } = wanted;
    if (at !== undefined && at !== null && !isDate(at)) {
      throw invalid(`at is neither a Date nor null: got ${showValue(at)}`);
    }
    this.#type = type;
    this.#wanted = wanted;
    if (args !== undefined) this.#args = asJson("args", () => arrayText(args));
    if (custom !== undefined) this.#custom = asJson("custom", () => objectText(custom));
  }

  /** In what ways a job of this type is not as it should be. */
  differences({ args, queue, at, retry, custom }: Job): string[] {
    const wanted = this.#wanted;
    return [
      this.#args === undefined ? undefined : difference(args, this.#args, "args"),
      wanted.queue === undefined ? undefined : difference(queue, wanted.queue, "queue"),
      wanted.at === undefined ? undefined : this.#timeDifference(at, wanted.at),
      wanted.retry === undefined ? undefined : difference(retry, wanted.retry, "retry"),
      this.#custom === undefined ? undefined : difference(custom, this.#custom, "custom", true),
    ].filter((one) => one !== undefined);
  }

  /** What is looked for, in words. */
  toString(): string {
    const { queue, at, retry } = this.#wanted;
    const parts = [
      this.#args === undefined ? "" : `args ${showJson(this.#args)}`,
      queue === undefined ? "" : `queue ${showJson(queue)}`,
      at === undefined ? "" : `at ${showTime(at)}`,
      retry === undefined ? "" : `retry ${retry}`,
      this.#custom === undefined ? "" : `custom ${showJson(this.#custom)}`,
    ].filter((part) => part !== "");
    return `of type ${showJson(this.#type)}${parts.length > 0 ? ` with ${parts.join(", ")}` : ""}`;
  }

  #timeDifference(actual: Date | undefined, wanted: Date | null): string | undefined {
    const within = this.#wanted.withinMs ?? DEFAULT_WITHIN_MS;
    const isSame = actual === undefined || wanted === null
      ? actual === undefined && wanted === null
      : Math.abs(actual.getTime() - wanted.getTime()) <= within;
    return isSame ? undefined : `at is ${showTime(actual)}, not ${showTime(wanted)}`;
  }
}

function showTime(time: Date | null | undefined): string {
  return time === null || time === undefined ? "absent" : time.toISOString();
}

function asJson(root: string, encode: () => string): unknown {
  try {
    return JSON.parse(encode());
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw invalid(`${error.path(root)} is ${error.reason}, and JSON cannot hold that`);
  }
}

function invalid(reason: string): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_ARGUMENT", `Cannot look for a job as ${reason}`);
}
