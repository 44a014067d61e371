import { iteratedSha256 } from "../internal/iterated_sha256.ts";

/** Rounds that are hashed at a time: some tenths of a millisecond. */
const ROUNDS_AT_ONCE = 500;

/** What a client has to have hashed, and what it says came of it. */
export interface PasswordProof {
  readonly secret: string;
  readonly rounds: number;
  readonly given: string;
}

/** Steps that check a proof, to be called until they give true; `done` then has the verdict. */
export function checkProof(
  { secret, rounds, given }: PasswordProof,
  done: (isRight: boolean) => void,
): () => boolean {
  let data = new TextEncoder().encode(secret);
  let left = rounds;
  return () => {
    const digest = iteratedSha256(data, Math.min(left, ROUNDS_AT_ONCE));
    left -= ROUNDS_AT_ONCE;
    if (left > 0) {
      data = bytes(digest);
      return false;
    }
    done(isSame(given, digest));
    return true;
  };
}

function bytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.substr(i * 2, 2), 16));
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
function isSame(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i++) difference |= given.charCodeAt(i) ^ wanted.charCodeAt(i);
  return difference === 0;
}
