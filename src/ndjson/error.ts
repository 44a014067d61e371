import { FaktoryError, type FaktoryErrorCode, type FaktoryErrorOptions } from "../errors.ts";
import { brand } from "../brands.ts";

/** Options of an {@linkcode NdjsonError}. */
export interface NdjsonErrorOptions extends FaktoryErrorOptions {
  /** The line's number, from 1. */
  readonly line: number;
}

/**
 * A line that is not a valid job. The error's message does not contain the line's content.
 *
 * Codes: `INVALID_JSON`, `INVALID_LINE` (valid JSON, but not an object), `INVALID_JOB` (its `cause`
 * is the `InvalidJobError`), `INVALID_UTF8`, `LINE_TOO_LONG`.
 */
export class NdjsonError extends FaktoryError {
  /** The class name, unaffected by minification. */
  override readonly name = "NdjsonError";
  /** The line's number, from 1. Empty lines count. */
  readonly line: number;

  /** Creates an error about the line `options.line`. */
  constructor(code: FaktoryErrorCode, message: string, options: NdjsonErrorOptions) {
    super(code, message, options);
    this.line = options.line;
  }
}

brand({ NdjsonError });
