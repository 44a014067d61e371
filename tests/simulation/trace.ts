/** A hash of all events in their order. */
export class Trace {
  #low = 0x811c9dc5;
  #high = 0x1b873593;

  /** Adds an event: its kind, the number of its job, and its time. */
  add(kind: number, subject: number, atMs: number): void {
    let low = Math.imul(this.#low ^ kind, 0x01000193);
    low = Math.imul(low ^ subject, 0x01000193);
    low = Math.imul(low ^ atMs, 0x01000193);
    this.#low = low;
    this.#high = Math.imul(this.#high ^ (low >>> 13), 0x85ebca6b) ^ atMs;
  }

  /** Adds an event that is described by a text. */
  addText(text: string, atMs: number): void {
    for (let i = 0; i < text.length; i++) this.add(7, text.charCodeAt(i), atMs);
  }

  /** The hash as 16 hexadecimal digits. */
  get hash(): string {
    return [this.#high, this.#low].map((part) => (part >>> 0).toString(16).padStart(8, "0"))
      .join("");
  }
}
