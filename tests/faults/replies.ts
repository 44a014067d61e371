const LF = 10;
const DOLLAR = 0x24;

/** Finds the ends of replies without reading their contents. */
export class ReplySplitter {
  #rest: Uint8Array = new Uint8Array(0);

  /** Takes bytes and returns the bytes of each reply that is now complete. */
  push(chunk: Uint8Array): Uint8Array[] {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    const replies: Uint8Array[] = [];
    let start = 0;
    for (let end; (end = endOf(bytes, start)) !== undefined; start = end) {
      replies.push(bytes.slice(start, end));
    }
    this.#rest = bytes.slice(start);
    return replies;
  }
}

/** Returns the end of the reply that begins at `start`; `undefined` if it is incomplete. */
function endOf(bytes: Uint8Array, start: number): number | undefined {
  const lineEnd = bytes.indexOf(LF, start) + 1;
  if (lineEnd === 0) return undefined;
  if (bytes[start] !== DOLLAR) return lineEnd;
  const length = Number(new TextDecoder().decode(bytes.subarray(start + 1, lineEnd - 2)));
  const end = length < 0 ? lineEnd : lineEnd + length + 2;
  return end <= bytes.length ? end : undefined;
}
