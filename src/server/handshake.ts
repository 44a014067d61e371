import { passwordHash } from "../protocol/handshake.ts";
import { type Fields, unmarshal } from "./go_json.ts";
import { owned } from "./payload.ts";
import type { ClientData } from "./workers.ts";

/** What a HELLO says. */
export interface HelloData extends ClientData {
  readonly pwdhash: string;
  readonly version: number;
}

const HELLO: Fields = {
  hostname: "string",
  wid: "string",
  pwdhash: "string",
  username: "string",
  labels: "[]string",
  pid: "int",
  rss_kb: "int64",
  v: "uint8",
};

/** Reads a client's first line; `undefined` where it is no HELLO, upon which the server hangs up without a word. */
export function readHello(line: string): HelloData | undefined {
  if (!line.startsWith("HELLO {")) return undefined;
  try {
    const fields = unmarshal(line.slice("HELLO ".length), "server.ClientData", HELLO);
    return {
      wid: owned((fields["wid"] ?? "") as string),
      hostname: owned((fields["hostname"] ?? "") as string),
      pid: (fields["pid"] ?? 0) as number,
      labels: ((fields["labels"] ?? []) as string[]).map(owned),
      pwdhash: owned((fields["pwdhash"] ?? "") as string),
      version: (fields["v"] ?? 0) as number,
      state: "running",
    };
  } catch {
    return undefined;
  }
}

/** Says the server's first words, and judges the answer. */
export class Greeter {
  readonly #password: string | undefined;
  readonly #random: () => number;

  constructor(password: string | undefined, random: () => number = Math.random) {
    this.#password = password;
    this.#random = random;
  }

  /** A greeting, with a salt of its own where a password is wanted. */
  greet(): { greeting: string; salt: string | undefined } {
    if (this.#password === undefined) return { greeting: '+HI {"v":2}\r\n', salt: undefined };
    const iterations = 4000 + Math.floor(this.#random() * 4096);
    const salt = hex(crypto.getRandomValues(new Uint8Array(8)));
    return {
      greeting: `+HI {"v":2,"i":${iterations},"s":"${salt}"}\r\n`,
      salt: `${iterations} ${salt}`,
    };
  }

  /** Whether the hash is that of the password and of what was said in the greeting. */
  accepts(given: string, version: number, challenge: string | undefined): boolean {
    if (this.#password === undefined || challenge === undefined) return true;
    const [iterations, salt] = challenge.split(" ");
    const rounds = version < 2 ? 1 : Number(iterations);
    return isSame(given, passwordHash(this.#password, salt!, rounds));
  }
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
function isSame(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i++) difference |= given.charCodeAt(i) ^ wanted.charCodeAt(i);
  return difference === 0;
}
