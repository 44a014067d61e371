import { bytesOf, textOf, utf8Length } from "./go/text.ts";

/** Arguments of a large job, as bytes of JSON in the form in which the server stores them. */
export class RawJson {
  readonly bytes: Uint8Array;
  /** A checksum of the bytes. */
  readonly sum: string;

  constructor(bytes: Uint8Array, sum: string) {
    this.bytes = bytes;
    this.sum = sum;
  }

  toString(): string {
    return textOf(this.bytes);
  }
}

/**
 * A large job as it is stored: its arguments as bytes, and the JSON before and behind them as text.
 */
export class LargeJob {
  readonly head: string;
  readonly args: RawJson;
  readonly tail: string;

  constructor(head: string, args: RawJson, tail: string) {
    this.head = head;
    this.args = args;
    this.tail = tail;
  }

  /** The job with no arguments. */
  get frame(): string {
    return `${this.head}[]${this.tail}`;
  }

  toString(): string {
    return this.head + this.args + this.tail;
  }
}

/** A job as it is stored: JSON. */
export type Payload = string | LargeJob;

/** The size of a stored job, in bytes. */
export function payloadBytes(payload: Payload): number {
  return typeof payload === "string"
    ? utf8Length(payload)
    : utf8Length(payload.head) + payload.args.bytes.length + utf8Length(payload.tail);
}

/** Tells a stored job from others, and orders jobs of the same time. */
export function payloadKey(payload: Payload): string {
  return typeof payload === "string" ? payload : `${payload.frame}${payload.args.sum}`;
}

/**
 * A copy of a text in memory of its own. A text that was cut out of a line keeps the whole line in
 * memory, and one that was put together keeps its parts.
 */
export function owned(text: string): string {
  return textOf(bytesOf(text));
}

/** A copy of a stored job in memory of its own. */
export function ownedPayload(payload: Payload): Payload {
  return typeof payload === "string"
    ? owned(payload)
    : new LargeJob(owned(payload.head), payload.args, owned(payload.tail));
}
