const MAX_ERRTYPE_BYTES = 100;
const MAX_MESSAGE_BYTES = 1000;
const MAX_BACKTRACE = 50;

/** What FAIL says. */
export interface Failure {
  readonly jid: string;
  readonly errtype: string;
  readonly message: string;
  readonly backtrace: readonly string[];
}

/** What is kept of a failure. */
export function cleanse({ jid, errtype, message, backtrace }: Failure): Failure {
  return {
    jid,
    errtype: cutBytes(errtype.trim(), MAX_ERRTYPE_BYTES) || "unknown",
    message: cutBytes(message.trim(), MAX_MESSAGE_BYTES) || "unknown",
    backtrace: backtrace.slice(0, MAX_BACKTRACE),
  };
}

/** The first `max` bytes; a character cut in two becomes U+FFFD, as where Go writes it. */
function cutBytes(text: string, max: number): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= max ? text : new TextDecoder().decode(bytes.subarray(0, max));
}
