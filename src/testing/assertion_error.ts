import { FaktoryError, type FaktoryErrorCode } from "../errors.ts";
import { brand } from "../brands.ts";

/** Options of an {@linkcode AssertionError}. */
export interface AssertionErrorOptions {
  /** What was found. */
  readonly actual?: unknown;
  /** What was looked for. */
  readonly expected?: unknown;
}

/**
 * What a test holds to be so is not so. Test runners show `actual` and `expected`.
 *
 * Codes: `NOT_ENQUEUED`, `ENQUEUED`, `NEVER_EMPTY`.
 */
export class AssertionError extends FaktoryError {
  /** The name of the class, also where a bundler shortens that. */
  override readonly name = "AssertionError";
  /** What was found. */
  readonly actual: unknown;
  /** What was looked for. */
  readonly expected: unknown;

  /** Makes an error of this code. */
  constructor(code: FaktoryErrorCode, message: string, options: AssertionErrorOptions = {}) {
    super(code, message);
    this.actual = options.actual;
    this.expected = options.expected;
  }
}

brand({ AssertionError });
