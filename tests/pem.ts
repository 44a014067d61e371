import { readFileSync } from "node:fs";

/** Reads a certificate or key of `tests/fixtures/tls`, such as `server` or `server.key`. */
export function pem(name: string): string {
  return readFileSync(new URL(`fixtures/tls/${name}.pem`, import.meta.url), "utf8");
}
