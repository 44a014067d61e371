const LF = 10;
const DOLLAR = 0x24;

/** Finds where replies end, without reading what they say. */
export class ReplySplitter {
  #rest: Uint8Array = new Uint8Array(0);

  /** Takes the next bytes; gives the replies that are whole now, each as its bytes. */
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

/** Where the reply that begins at `start` ends, if all of it is there. */
function endOf(bytes: Uint8Array, start: number): number | undefined {
  const lineEnd = bytes.indexOf(LF, start) + 1;
  if (lineEnd === 0) return undefined;
  if (bytes[start] !== DOLLAR) return lineEnd;
  const length = Number(new TextDecoder().decode(bytes.subarray(start + 1, lineEnd - 2)));
  const end = length < 0 ? lineEnd : lineEnd + length + 2;
  return end <= bytes.length ? end : undefined;
}
