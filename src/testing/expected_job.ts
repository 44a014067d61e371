import { InvalidArgumentError } from "../errors.ts";
import { isDate } from "../internal/kinds.ts";
import { showValue } from "../internal/show.ts";
import type { Job } from "../job/job.ts";
import { arrayText, JsonFault, objectText } from "../job/json.ts";
import { difference, showJson } from "./difference.ts";

/** The properties that a job must have. Omitted properties are not compared. */
export interface ExpectedJob<Args extends readonly unknown[] = readonly unknown[]> {
  /** The complete arguments, compared as JSON. */
  readonly args?: Args | undefined;
  /** The queue. */
  readonly queue?: string | undefined;
  /** The time, with a tolerance of `withinMs`. `null`: the job must run at once. */
  readonly at?: Date | null | undefined;
  /** Tolerance of `at`, in ms. @default 1000 */
  readonly withinMs?: number | undefined;
  /** Number of retries. Jobs that do not set it have 25. */
  readonly retry?: number | undefined;
  /** Properties that `custom` must have, among others. */
  readonly custom?: Readonly<Record<string, unknown>> | undefined;
}

const DEFAULT_WITHIN_MS = 1000;

/** A checked {@linkcode ExpectedJob}. */
export class Expectation {
  readonly #type: string;
  readonly #wanted: ExpectedJob;
  readonly #args: unknown;
  readonly #custom: unknown;

  /**
   * `others` are additional names that the caller handles.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT`.
   */
  constructor(type: unknown, wanted: ExpectedJob, others: readonly string[] = []) {
    if (typeof type !== "string" || type === "") {
      throw invalid(`its type is not a string, or empty: got ${showValue(type)}`);
    }
    const names = ["args", "queue", "at", "withinMs", "retry", "custom", ...others];
    const unknown = Object.keys(wanted).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw invalid(
        `${showValue(unknown)} is not a property to compare: these are ${names.join(", ")}`,
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

  /** Lists the differences between a job of this type and the expected one. */
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

  /** Describes the expected job. */
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
