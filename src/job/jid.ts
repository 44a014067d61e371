const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Random characters that a run of jids begins with: 84 bits. */
const PREFIX_LENGTH = 14;

/** Every pair of characters: the ends of a run's jids. */
let ends: readonly string[] | undefined;
let prefix = "";
let next = 0;

/**
 * A new job id: 16 characters of base64url, of which 14 are random (84 bits from the runtime's
 * cryptographic generator) and shared by up to 4096 jids that are made one after the other, and two
 * tell these apart. Making one is a matter of joining two texts.
 *
 * With that many bits, a billion jobs a day for a century hold a repeated id with a chance below 1
 * in 100,000.
 */
export function createJid(): string {
  // Made on first use: some edge runtimes refuse randomness while modules load.
  ends ??= [...ALPHABET].flatMap((first) => [...ALPHABET].map((second) => first + second));
  if (prefix === "" || next === ends.length) {
    prefix = randomText(PREFIX_LENGTH);
    next = 0;
  }
  return prefix + ends[next++]!;
}

function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  let text = "";
  for (const byte of bytes) text += ALPHABET[byte & 63];
  return text;
}
