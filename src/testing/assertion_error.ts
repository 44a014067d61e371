import { FaktoryError, type FaktoryErrorCode } from "../errors.ts";
import { brand } from "../brands.ts";

/** Options of an {@linkcode AssertionError}. */
export interface AssertionErrorOptions {
  /** The value that was found. */
  readonly actual?: unknown;
  /** The value that was expected. */
  readonly expected?: unknown;
}

/**
 * An assertion of a test failed. Test runners show `actual` and `expected`.
 *
 * Codes: `NOT_ENQUEUED`, `ENQUEUED`, `NEVER_EMPTY`.
 */
export class AssertionError extends FaktoryError {
  /** The class name, unaffected by minification. */
  override readonly name = "AssertionError";
  /** The value that was found. */
  readonly actual: unknown;
  /** The value that was expected. */
  readonly expected: unknown;

  /** Creates an error with this code. */
  constructor(code: FaktoryErrorCode, message: string, options: AssertionErrorOptions = {}) {
    super(code, message);
    this.actual = options.actual;
    this.expected = options.expected;
  }
}

brand({ AssertionError });
