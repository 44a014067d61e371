import { builtinModule } from "./environment.ts";

/** SHA-256 of `data`, at once: hashing a password takes thousands of rounds, and awaiting each is ten times slower. */
export type Sha256 = (data: Uint8Array) => Uint8Array;

interface NodeCrypto {
  createHash(algorithm: "sha256"): { update(data: Uint8Array): { digest(): Uint8Array } };
}

/** The runtime's own SHA-256 where it has a synchronous one, else one in JavaScript. */
export async function loadSha256(): Promise<Sha256> {
  return nativeSha256() ?? await portableSha256();
}

/** `node:crypto`'s, where it is there and works. */
export function nativeSha256(
  crypto: NodeCrypto | undefined = builtinModule<NodeCrypto>("node:crypto"),
): Sha256 | undefined {
  if (crypto === undefined) return undefined;
  const hash: Sha256 = (data) => crypto.createHash("sha256").update(data).digest();
  try {
    // Some edge runtimes have the module, but with functions that only throw.
    return hash(new Uint8Array()).length === 32 ? hash : undefined;
  } catch {
    return undefined;
  }
}

/** One in JavaScript, loaded where it is needed only. */
export async function portableSha256(): Promise<Sha256> {
  return (await import("./portable_sha256.ts")).portableSha256;
}
