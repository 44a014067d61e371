/** Random bytes in a jid: 96 bits, as in the server's own clients. */
const JID_BYTES = 12;

/** Jids made of one call for randomness; such a call costs the same for 12 bytes as for 3 KiB. */
const JIDS_PER_POOL = 256;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODES = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));

// Made on first use: some edge runtimes refuse randomness while modules load.
let pool: Uint8Array<ArrayBuffer> | undefined;
let next = 0;

/**
 * A new job id: 12 random bytes (96 bits from the runtime's cryptographic generator) in base64url, 16 characters.
 *
 * With that many bits, a billion jobs a day for a century hold a repeated id with a chance below 1 in 100 million.
 */
export function createJid(): string {
  if (pool === undefined || next === pool.length) {
    pool ??= new Uint8Array(JID_BYTES * JIDS_PER_POOL);
    crypto.getRandomValues(pool);
    next = 0;
  }
  const bytes = pool;
  const a = word(bytes, next), b = word(bytes, next + 3);
  const c = word(bytes, next + 6), d = word(bytes, next + 9);
  next += JID_BYTES;
  // One flat string in one call: joining pieces would leave a tree of them.
  return String.fromCharCode(
    code(a >> 18),
    code(a >> 12),
    code(a >> 6),
    code(a),
    code(b >> 18),
    code(b >> 12),
    code(b >> 6),
    code(b),
    code(c >> 18),
    code(c >> 12),
    code(c >> 6),
    code(c),
    code(d >> 18),
    code(d >> 12),
    code(d >> 6),
    code(d),
  );
}

/** The three bytes at `at` as one number. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
}

/** The character code of the lowest six bits. */
function code(bits: number): number {
  return CODES[bits & 63]!;
}
