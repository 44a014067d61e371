/** Type checks of error codes. Checked with all sources, never run. */

import { type FaktoryError, type FaktoryErrorCode, StateError } from "../../mod.ts";

/** A table of all codes: TypeScript reports a code that is missing or misspelled. */
export type Complete = Readonly<Record<FaktoryErrorCode, string>>;

/** Codes can be cases of a `switch`. */
export function describe(error: FaktoryError): string {
  switch (error.code) {
    case "CONNECTION_REFUSED":
      return "nothing listens there";
    // @ts-expect-error -- no such code
    case "CONECTION_LOST":
      return "misspelled";
    default:
      return error.message;
  }
}

// @ts-expect-error -- no such code
new StateError("CLOSE", "misspelled");
