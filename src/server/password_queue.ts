import { iteratedSha256 } from "../internal/iterated_sha256.ts";

/** How long passwords are hashed before others get their turn, in milliseconds. */
const SLICE_MS = 2;

/** Rounds between two looks at the time: some tenths of a millisecond. */
const ROUNDS_AT_ONCE = 500;

/** What a client has to have hashed, and what it says came of it. */
export interface PasswordProof {
  readonly secret: string;
  readonly rounds: number;
  readonly given: string;
}

/**
 * Where more than this wait of one network, who came last is first: a client that came long ago has given up, and one that came
 * in the middle of a flood need not wait until the flood is dealt with.
 */
const FAIR_LENGTH = 16;

interface Check {
  readonly proof: PasswordProof;
  readonly done: (isRight: boolean) => void;
  /** What is hashed next. */
  data: Uint8Array;
  roundsLeft: number;
  isCancelled: boolean;
}

/** Options of a {@linkcode PasswordQueue}. */
export interface PasswordQueueOptions {
  /** Calls back once whatever else is to be done had its turn. @default a timer of the machine */
  readonly later?: ((callback: () => void) => void) | undefined;
  /** Milliseconds since some moment. @default the machine's */
  readonly now?: (() => number) | undefined;
}

/**
 * Checks passwords a few milliseconds at a time, one client after the other.
 *
 * Thousands of rounds of hashing are what a HELLO may cost a server that has one thread, and whoever can reach its port can ask
 * for them. So they never keep others waiting for long, and each network has its turn: a flood from one does not keep the
 * clients of another out.
 */
export class PasswordQueue {
  readonly #later: (callback: () => void) => void;
  readonly #now: () => number;
  /** Those that wait, by network, that whose turn it is first. */
  readonly #checks = new Map<string, Check[]>();
  #current: Check | undefined;
  #isRunning = false;

  constructor({ later = (callback) => void setTimeout(callback), now }: PasswordQueueOptions = {}) {
    this.#later = later;
    this.#now = now ?? (() => performance.now());
  }

  /** Calls `done` with the verdict, later; the function returned calls it off. */
  check(address: string, proof: PasswordProof, done: (isRight: boolean) => void): () => void {
    const check: Check = {
      proof,
      done,
      data: new TextEncoder().encode(proof.secret),
      roundsLeft: proof.rounds,
      isCancelled: false,
    };
    const network = networkOf(address);
    let checks = this.#checks.get(network);
    if (checks === undefined) this.#checks.set(network, checks = []);
    checks.push(check);
    if (!this.#isRunning) {
      this.#isRunning = true;
      this.#later(() => this.#work());
    }
    return () => check.isCancelled = true;
  }

  #work(): void {
    const end = this.#now() + SLICE_MS;
    while ((this.#current ??= this.#next()) !== undefined) {
      if (this.#now() >= end) return this.#later(() => this.#work());
      const digest = hash(this.#current);
      if (digest === undefined) continue;
      const { isCancelled, proof, done } = this.#current;
      this.#current = undefined;
      if (!isCancelled) done(isSame(proof.given, digest));
    }
    this.#isRunning = false;
  }

  /** The next of the network whose turn it is; what else waits of that network is behind all others then. */
  #next(): Check | undefined {
    for (const [network, checks] of this.#checks) {
      const next = checks.length > FAIR_LENGTH ? checks.pop() : checks.shift();
      this.#checks.delete(network);
      if (checks.length > 0) this.#checks.set(network, checks);
      return next;
    }
    return undefined;
  }
}

/** Hashes on; gives the digest once that was all, or nobody wants to know any more. */
function hash(check: Check): string | undefined {
  if (check.isCancelled) return "";
  const rounds = Math.min(check.roundsLeft, ROUNDS_AT_ONCE);
  const digest = iteratedSha256(check.data, rounds);
  check.roundsLeft -= rounds;
  if (check.roundsLeft === 0) return digest;
  check.data = bytes(digest);
  return undefined;
}

/** Who shares an address's turn: of IPv6, where everybody has many addresses, all of one network. */
function networkOf(address: string): string {
  return address.includes(".") ? address : address.split(":").slice(0, 4).join(":");
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.substr(i * 2, 2), 16));
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
function isSame(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i++) difference |= given.charCodeAt(i) ^ wanted.charCodeAt(i);
  return difference === 0;
}
