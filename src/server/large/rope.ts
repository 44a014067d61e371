import { isBytes } from "../../internal/kinds.ts";
import { MAX_JOB_BYTES } from "../../job/size.ts";
import { GoError } from "../go/error.ts";
import { RawJson } from "../payload.ts";
import type { Work } from "../slices.ts";
import { SIZES } from "./bytes.ts";

/** Bytes in pieces, which may consist of pieces themselves. */
export type Piece = Uint8Array | readonly Piece[];

/** Counts the bytes of one job and enforces the maximum. */
export class ByteBudget {
  #left = MAX_JOB_BYTES;

  take(bytes: Uint8Array): Uint8Array {
    this.#left -= bytes.length;
    if (this.#left < 0) throw new GoError(`job is larger than ${MAX_JOB_BYTES} bytes`);
    return bytes;
  }
}

/** Joins all pieces. */
export function* joinPieces(root: Piece): Work<RawJson> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const open: { readonly pieces: readonly Piece[]; next: number }[] = [{ pieces: [root], next: 0 }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const piece = top.pieces[top.next++];
    if (piece === undefined) {
      open.pop();
    } else if (isBytes(piece)) {
      length += piece.length;
      if (parts.push(piece) % 4096 === 0) yield;
    } else {
      open.push({ pieces: piece, next: 0 });
    }
  }
  const bytes = new Uint8Array(length);
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  let at = 0;
  let done = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
    for (const byte of part) {
      a = Math.imul(a ^ byte, 0x01000193);
      b = Math.imul(b ^ byte, 0x5bd1e995);
    }
    done += part.length;
    if (done < SIZES.piece) continue;
    done = 0;
    yield;
  }
  return new RawJson(bytes, `${length}-${(a >>> 0).toString(36)}-${(b >>> 0).toString(36)}`);
}
