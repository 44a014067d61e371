import { type Fields, unmarshal } from "./go/decode.ts";
import { checkProof } from "./password_proof.ts";
import { copyText } from "./payload.ts";
import type { ClientData } from "./workers.ts";

/** The contents of a HELLO. */
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

/**
 * Parses a client's first line. Returns `undefined` if it is not a HELLO. The server then closes
 * the connection without a reply.
 */
export function readHello(line: string): HelloData | undefined {
  if (!line.startsWith("HELLO {")) return undefined;
  try {
    const fields = unmarshal(line.slice("HELLO ".length), "server.ClientData", HELLO);
    return {
      wid: copyText((fields["wid"] ?? "") as string),
      hostname: copyText((fields["hostname"] ?? "") as string),
      pid: (fields["pid"] ?? 0) as number,
      labels: ((fields["labels"] ?? []) as string[]).map(copyText),
      pwdhash: copyText((fields["pwdhash"] ?? "") as string),
      version: (fields["v"] ?? 0) as number,
      state: "running",
      isGone: false,
      endWait: undefined,
    };
  } catch {
    return undefined;
  }
}

/** The salt and number of rounds for a client's password hash. */
export interface Challenge {
  readonly rounds: number;
  readonly salt: string;
}

/** A SHA-256 in hexadecimal. */
const DIGEST = /^[0-9a-f]{64}$/;

/** Writes the greeting and checks the client's password. */
export class Greeter {
  readonly #password: string | undefined;
  readonly #random: () => number;

  constructor(password: string | undefined, random: () => number = Math.random) {
    this.#password = password;
    this.#random = random;
  }

  /** Creates a greeting, with a new challenge if the server has a password. */
  greet(): { greeting: string; challenge: Challenge | undefined } {
    if (this.#password === undefined) return { greeting: '+HI {"v":2}\r\n', challenge: undefined };
    const rounds = 4000 + Math.floor(this.#random() * 4096);
    const salt = hex(crypto.getRandomValues(new Uint8Array(8)));
    return { greeting: `+HI {"v":2,"i":${rounds},"s":"${salt}"}\r\n`, challenge: { rounds, salt } };
  }

  /**
   * Checks a client's password. Returns the result if no hashing is needed. Otherwise returns a
   * function that does a part of the hashing: call it until it returns true. It has then called
   * `done`.
   */
  checkPassword(
    { pwdhash, version }: Pick<HelloData, "pwdhash" | "version">,
    challenge: Challenge | undefined,
    done: (isRight: boolean) => void,
  ): boolean | (() => boolean) {
    if (this.#password === undefined || challenge === undefined) return true;
    if (!DIGEST.test(pwdhash)) return false;
    const secret = this.#password + challenge.salt;
    const rounds = version < 2 ? 1 : challenge.rounds;
    return checkProof({ secret, rounds, sent: pwdhash }, done);
  }
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
