import { sha256 } from "@noble/hashes/sha2.js";
import type { Sha256 } from "./sha256.ts";

/**
 * SHA-256 in JavaScript. A file of its own, as what is loaded by `import()` is bundled whole: of the package that this comes
 * from, it would be all hashes.
 */
export const portableSha256: Sha256 = (data) => sha256(data);
