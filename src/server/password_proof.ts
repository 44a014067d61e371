import { iteratedSha256 } from "../internal/iterated_sha256.ts";

/** Rounds to hash per step. They take some tenths of a millisecond. */
const ROUNDS_AT_ONCE = 500;

/** The salted password, and the hash that the client sent. */
export interface PasswordProof {
  readonly secret: string;
  readonly rounds: number;
  readonly sent: string;
}

/**
 * Returns a function that checks a proof step by step: call it until it returns true. It has then
 * called `done`.
 */
export function checkProof(
  { secret, rounds, sent }: PasswordProof,
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
    done(isSame(sent, digest));
    return true;
  };
}

function bytes(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.substr(i * 2, 2), 16));
}

/** Compares two strings in a time that does not depend on where they differ. */
function isSame(sent: string, wanted: string): boolean {
  let difference = sent.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i++) difference |= sent.charCodeAt(i) ^ wanted.charCodeAt(i);
  return difference === 0;
}
