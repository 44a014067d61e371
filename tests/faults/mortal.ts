import { ConnectError, Consumer, type Producer, type Transport } from "../../mod.ts";
import type { Clock } from "../../src/internal/clock.ts";
import { deferred } from "../../src/internal/deferred.ts";
import type { MemoryServer } from "../../src/testing/mod.ts";

/**
 * Moment of a program's death: before it sends its next command, or before the last one has its
 * reply.
 */
export type Moment = "unsent" | "unanswered";

/** Both moments, for tests that let a program die at each of its commands in turn. */
export const MOMENTS: readonly Moment[] = ["unsent", "unanswered"];

/**
 * A program that dies after so many commands. Nothing that it sends later reaches the server, and
 * no reply reaches the program. HELLO does not count.
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

  /** Returns the program's transport, based on the server's. */
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

/**
 * Calls `live` with programs that die after no command, after one, and so on, until one survives.
 * Returns the number of deaths.
 */
export async function everyDeath(
  moments: readonly Moment[],
  live: (program: Mortal, hint: string) => Promise<void>,
): Promise<number> {
  let deaths = 0;
  for (const moment of moments) {
    for (let commands = moment === "unsent" ? 0 : 1;; commands++) {
      const program = new Mortal(commands, moment);
      await live(program, `${commands} commands, the next ${moment}`);
      if (!program.isDead) break;
      deaths++;
    }
  }
  return deaths;
}

/** A worker that may die. */
interface MortalWork {
  readonly server: MemoryServer;
  readonly queue: string;
  readonly program: Mortal;
  readonly concurrency: number;
  readonly clock?: Clock;
  register(consumer: Consumer): void;
}

/**
 * Runs the jobs of a queue until they have ended or the program dies. Resolves to the end of the
 * run, which takes some time if the program is dead.
 */
export async function workUntilDeath(work: MortalWork): Promise<{ ended: Promise<unknown> }> {
  const { server, queue, program, concurrency, clock } = work;
  const consumer = new Consumer({
    ...{ url: server.url, transport: program.transport(server.transport) },
    ...{ queues: [queue], concurrency, clock, reconnect: { initialMs: 1, maxMs: 1 } },
  });
  work.register(consumer);
  consumer.on("disconnect", () => void consumer.stop({ graceMs: 0 }));
  const ended = consumer.run({ maxJobs: server.snapshot().queues[queue]! }).catch(() => {});
  await Promise.race([ended, program.died]);
  return { ended };
}

/** Makes jobs run again that dead workers have reserved or that wait for a retry. */
export async function requeueAll(producer: Producer, jids: readonly string[]): Promise<void> {
  for (const jid of jids) {
    // Like the end of its reservation. The server refuses it for other jobs.
    await producer.command("FAIL", JSON.stringify({ jid, errtype: "ReservationExpired" }))
      .catch(() => {});
  }
  for (const set of [producer.sets.scheduled, producer.sets.retries]) await set.requeue({ jids });
}
