import { bytesOf, textOf, utf8Length } from "./go/text.ts";

/** Arguments of a large job, as the bytes of the JSON that the server stores. */
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

/** A stored large job: its arguments as bytes, and the JSON before and after them as text. */
export class LargeJob {
  readonly head: string;
  readonly args: RawJson;
  readonly tail: string;

  constructor(head: string, args: RawJson, tail: string) {
    this.head = head;
    this.args = args;
    this.tail = tail;
  }

  /** The job's JSON with empty arguments. */
  get frame(): string {
    return `${this.head}[]${this.tail}`;
  }

  toString(): string {
    return this.head + this.args + this.tail;
  }
}

/** A stored job, as JSON. */
export type Payload = string | LargeJob;

/** Returns the size of a stored job in bytes. */
export function payloadBytes(payload: Payload): number {
  return typeof payload === "string"
    ? utf8Length(payload)
    : utf8Length(payload.head) + payload.args.bytes.length + utf8Length(payload.tail);
}

/** Returns the key that identifies a stored job, and orders jobs of the same time. */
export function payloadKey(payload: Payload): string {
  return typeof payload === "string" ? payload : `${payload.frame}${payload.args.sum}`;
}

/**
 * Copies a text, so that it shares no memory with other texts. A slice of a line keeps the whole
 * line in memory, and a concatenation keeps its parts.
 */
export function copyText(text: string): string {
  return textOf(bytesOf(text));
}

/** Copies a stored job's text, for the same reason. */
export function copyPayload(payload: Payload): Payload {
  return typeof payload === "string"
    ? copyText(payload)
    : new LargeJob(copyText(payload.head), payload.args, copyText(payload.tail));
}
