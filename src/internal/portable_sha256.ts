import { sha256 } from "@noble/hashes/sha2.js";

/**
 * SHA-256 in JavaScript. A file of its own, as what is loaded by `import()` is bundled whole: of the package that this comes
 * from, it would be all hashes.
 */
export function portableSha256(data: Uint8Array): Uint8Array {
  return sha256(data);
}
