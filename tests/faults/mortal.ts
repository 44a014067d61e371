import { ConnectError, type Transport } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";

/** When a program dies: before it sends its next command, or before the last one is answered. */
export type Moment = "unsent" | "unanswered";

/** Both, for tests that let a program die at each of its commands in turn. */
export const MOMENTS: readonly Moment[] = ["unsent", "unanswered"];

/**
 * A program that dies after so many commands: what it sends later does not reach the server, and
 * what the server sends does not reach the program. HELLO is not counted.
 */
export class Mortal {
  /** Resolves when the program dies. */
  readonly died: Promise<void>;
  readonly #die = deferred();
  readonly #moment: Moment;
  readonly #closes: (() => void)[] = [];
  #left: number;
  #isDead = false;

  constructor(commands: number, moment: Moment = "unanswered") {
    this.#left = commands;
    this.#moment = moment;
    this.died = this.#die.promise;
    if (moment === "unanswered" && commands === 0) this.#end();
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** The program's transport, over the one that reaches the server. */
  transport(inner: Transport): Transport {
    return {
      name: "mortal",
      connect: async (target, options) => {
        if (this.#isDead) throw new ConnectError("CONNECTION_REFUSED", "The program is dead");
        const connection = await inner.connect(target, options);
        this.#closes.push(() => connection.close());
        const writer = connection.writable.getWriter();
        const decoder = new TextDecoder();
        const encoder = new TextEncoder();
        const writable = new WritableStream<Uint8Array>({
          write: async (bytes) => {
            for (const line of decoder.decode(bytes, { stream: true }).split(/(?<=\n)/)) {
              const isCommand = line.endsWith("\n") && !line.startsWith("HELLO");
              if (isCommand && this.#moment === "unsent" && this.#left-- === 0) this.#end();
              if (this.#isDead) return;
              await writer.write(encoder.encode(line));
              if (isCommand && this.#moment === "unanswered" && --this.#left === 0) this.#end();
            }
          },
        });
        const { readable, closed } = connection;
        return { readable, writable, closed, close: (reason) => connection.close(reason) };
      },
    };
  }

  #end(): void {
    this.#isDead = true;
    for (const close of this.#closes) close();
    this.#die.resolve();
  }
}
