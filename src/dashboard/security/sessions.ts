import { type Clock, elapsedMs } from "../../internal/clock.ts";
import { Throttle } from "./throttle.ts";

/** Duration of a session, in milliseconds. */
export const SESSION_MS = 12 * 60 * 60_000;

/** Maximum number of sessions. A new one ends the oldest. */
const MAX_SESSIONS = 1000;

const encoder = new TextEncoder();

/** Result of a password check. `throttled` does not tell whether the password is right. */
export type PasswordResult = "right" | "wrong" | "throttled";

/** Checks passwords, and keeps the sessions of visitors who have entered the right one. */
export class Sessions {
  readonly #password: Promise<Uint8Array>;
  readonly #clock: Clock;
  readonly #throttle: Throttle;
  /** The end of each session, by its token. */
  readonly #ends = new Map<string, number>();
  #last: Promise<PasswordResult> = Promise.resolve("right");

  constructor(password: string, clock: Clock) {
    this.#password = digest(password);
    this.#clock = clock;
    this.#throttle = new Throttle(clock);
  }

  /**
   * Checks a password in a time that does not depend on it.
   *
   * @param address The visitor's address. Visitors whose address is not known count as one.
   */
  check(password: string, address = ""): Promise<PasswordResult> {
    // One after the other, so that concurrent attempts are counted too.
    return this.#last = this.#last.then(() => this.#check(password, address));
  }

  async #check(password: string, address: string): Promise<PasswordResult> {
    if (this.#throttle.isClosed(address)) return "throttled";
    if (isEqual(await digest(password), await this.#password)) return "right";
    this.#throttle.failed(address);
    return "wrong";
  }

  /** Begins a session and returns its token. */
  begin(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const [oldest] = this.#ends.keys();
    if (this.#ends.size >= MAX_SESSIONS && oldest !== undefined) this.#ends.delete(oldest);
    this.#ends.set(token, elapsedMs(this.#clock) + SESSION_MS);
    return token;
  }

  /** Returns true if a token belongs to a session. */
  has(token: string | undefined): boolean {
    const end = token === undefined ? undefined : this.#ends.get(token);
    if (end === undefined) return false;
    if (end > elapsedMs(this.#clock)) return true;
    this.#ends.delete(token!);
    return false;
  }

  /** Ends a session. */
  end(token: string | undefined): void {
    if (token !== undefined) this.#ends.delete(token);
  }
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
