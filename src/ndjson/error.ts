import { FaktoryError, type FaktoryErrorCode, type FaktoryErrorOptions } from "../errors.ts";
import { brand } from "../brands.ts";

/** Options of an {@linkcode NdjsonError}. */
export interface NdjsonErrorOptions extends FaktoryErrorOptions {
  /** The line's number, from 1. */
  readonly line: number;
}

/**
 * A line that is no job. What is in it is not in the error's text.
 *
 * Codes: `INVALID_JSON`, `INVALID_LINE` (JSON, but no object), `INVALID_JOB` (its `cause` is the
 * `InvalidJobError`), `INVALID_UTF8`, `LINE_TOO_LONG`.
 */
export class NdjsonError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "NdjsonError";
  /** The line's number, from 1; empty ones count. */
  readonly line: number;

  /** Makes an error about the line `options.line`. */
  constructor(code: FaktoryErrorCode, message: string, options: NdjsonErrorOptions) {
    super(code, message, options);
    this.line = options.line;
  }
}

brand({ NdjsonError });
