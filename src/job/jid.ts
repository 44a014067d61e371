const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Number of random characters that consecutive jids share: 84 bits. */
const PREFIX_LENGTH = 14;

/** All pairs of characters, used as the last two characters of a jid. */
let suffixes: readonly string[] | undefined;
let prefix = "";
let nextSuffix = 0;

/**
 * Creates a job id: 16 characters of base64url. The first 14 are random (84 bits from the runtime's
 * cryptographic generator) and are shared by up to 4096 consecutive jids; the last two make each
 * jid distinct. Creating a jid therefore only joins two texts.
 *
 * With 84 bits, the chance that a billion jobs a day for a century contain a repeated id is below 1
 * in 100,000.
 */
export function createJid(): string {
  // Created on first use, because some edge runtimes refuse randomness while modules load.
  suffixes ??= [...ALPHABET].flatMap((first) => [...ALPHABET].map((second) => first + second));
  if (prefix === "" || nextSuffix === suffixes.length) {
    prefix = randomText(PREFIX_LENGTH);
    nextSuffix = 0;
  }
  return prefix + suffixes[nextSuffix++]!;
}

function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  let text = "";
  for (const byte of bytes) text += ALPHABET[byte & 63];
  return text;
}
