import { type Clock, elapsedMs } from "../../internal/clock.ts";

/** How long a session lasts, in milliseconds. */
export const SESSION_MS = 12 * 60 * 60_000;

/** Sessions at a time; the oldest ends where there are more. */
const MAX_SESSIONS = 1000;

/** Wrong passwords within {@linkcode WINDOW_MS} after which nobody may try. */
const MAX_FAILURES = 5;

const WINDOW_MS = 30_000;

const encoder = new TextEncoder();

/** How a password was judged; `throttled` says nothing of whether it is right. */
export type Verdict = "right" | "wrong" | "throttled";

/** Who has entered the password. */
export class Sessions {
  readonly #password: Promise<Uint8Array>;
  readonly #clock: Clock;
  /** When each ends, by its token. */
  readonly #ends = new Map<string, number>();
  /** When wrong passwords came lately. */
  #failures: number[] = [];
  #last: Promise<Verdict> = Promise.resolve("right");

  constructor(password: string, clock: Clock) {
    this.#password = digest(password);
    this.#clock = clock;
  }

  /** Judges a password, in a time that does not depend on it. */
  judge(password: string): Promise<Verdict> {
    // One after the other, so that many at once are counted as well.
    return this.#last = this.#last.then(() => this.#judge(password));
  }

  async #judge(password: string): Promise<Verdict> {
    const now = elapsedMs(this.#clock);
    this.#failures = this.#failures.filter((at) => now - at < WINDOW_MS);
    if (this.#failures.length >= MAX_FAILURES) return "throttled";
    if (isEqual(await digest(password), await this.#password)) return "right";
    this.#failures.push(now);
    return "wrong";
  }

  /** Begins a session: gives its token. */
  begin(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const [oldest] = this.#ends.keys();
    if (this.#ends.size >= MAX_SESSIONS && oldest !== undefined) this.#ends.delete(oldest);
    this.#ends.set(token, elapsedMs(this.#clock) + SESSION_MS);
    return token;
  }

  /** Whether a token is that of a session. */
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
