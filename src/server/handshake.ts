import { type Fields, unmarshal } from "./go/decode.ts";
import { checkProof } from "./password_proof.ts";
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

/**
 * Reads a client's first line; `undefined` where it is no HELLO, upon which the server hangs up
 * without a word.
 */
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
      isGone: false,
      endWait: undefined,
    };
  } catch {
    return undefined;
  }
}

/** What a client is asked to prove that it knows the password by. */
export interface Challenge {
  readonly rounds: number;
  readonly salt: string;
}

/** What a SHA-256 looks like. */
const DIGEST = /^[0-9a-f]{64}$/;

/** Says the server's first words, and judges the answer. */
export class Greeter {
  readonly #password: string | undefined;
  readonly #random: () => number;

  constructor(password: string | undefined, random: () => number = Math.random) {
    this.#password = password;
    this.#random = random;
  }

  /** A greeting, with a challenge of its own where a password is wanted. */
  greet(): { greeting: string; challenge: Challenge | undefined } {
    if (this.#password === undefined) return { greeting: '+HI {"v":2}\r\n', challenge: undefined };
    const rounds = 4000 + Math.floor(this.#random() * 4096);
    const salt = hex(crypto.getRandomValues(new Uint8Array(8)));
    return { greeting: `+HI {"v":2,"i":${rounds},"s":"${salt}"}\r\n`, challenge: { rounds, salt } };
  }

  /**
   * Whether a client has proved that it knows the password: known at once, or by steps that are to
   * be called until they give true, and then tell `done`.
   */
  judge(
    { pwdhash, version }: Pick<HelloData, "pwdhash" | "version">,
    challenge: Challenge | undefined,
    done: (isRight: boolean) => void,
  ): boolean | (() => boolean) {
    if (this.#password === undefined || challenge === undefined) return true;
    if (!DIGEST.test(pwdhash)) return false;
    const secret = this.#password + challenge.salt;
    const rounds = version < 2 ? 1 : challenge.rounds;
    return checkProof({ secret, rounds, given: pwdhash }, done);
  }
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
