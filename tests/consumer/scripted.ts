import { Consumer, type ConsumerOptions, type RunOptions } from "../../mod.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { Peer } from "../connection/peer.ts";
import { until } from "./setting.ts";

/** Returns the server's reply to a line: "" for none, `undefined` for the default one. */
export type Answer = (line: string) => string | undefined;

/** Returns a bulk reply. */
export function bulk(text: string): string {
  return `$${new TextEncoder().encode(text).length}\r\n${text}\r\n`;
}

/** Returns a job as a reply to FETCH. */
export function jobReply(jid: string, fields: Record<string, unknown> = {}): string {
  return bulk(JSON.stringify({ jid, jobtype: "x", args: [], ...fields }));
}

/** Returns a reply to INFO without waiting jobs and with this time. */
export function infoReply(now: number): string {
  const faktory = { queues: {} };
  return bulk(JSON.stringify({ now: new Date(now).toISOString(), faktory, server: {} }));
}

/** Replies to each line after HELLO and closes at END. The default reply is `+OK`. */
export function serve(peer: Peer, answer: Answer = () => undefined): void {
  void (async () => {
    for (let count = 2;; count++) {
      await peer.received(count);
      const line = peer.lines[count - 1]!;
      if (line === "END" || peer.isClosed) return peer.end();
      peer.say(answer(line) ?? (line.startsWith("INFO") ? infoReply(0) : "+OK\r\n"));
    }
  })();
}

/** Options of {@linkcode script}. */
export interface ScriptOptions<Way extends "run" | "runOne" = "run"> extends ConsumerOptions {
  readonly clock?: ManualClock;
  readonly answer?: Answer;
  readonly setUp?: (consumer: Consumer) => void;
  /** Method that runs the consumer. @default "run" */
  readonly way?: Way;
  readonly runOptions?: RunOptions;
  /** Time by which the server's clock is ahead of the consumer's, in ms. @default 0 */
  readonly serverAheadMs?: number;
}

/**
 * Starts a consumer whose server is the test. Only the test moves the clock. It has one connection
 * for commands, which `answer` answers, and one for FETCH. `give` answers the FETCHes. After a stop
 * they get an empty reply.
 */
export async function script<Way extends "run" | "runOne" = "run">(
  all: ScriptOptions<Way> = {},
) {
  const { answer = () => undefined, setUp, way, runOptions, ...rest } = all;
  const { clock = new ManualClock(), serverAheadMs = 0, ...options } = rest;
  const peers: Peer[] = [];
  const consumer = new Consumer({
    url: "tcp://memory",
    concurrency: 1,
    connections: 2,
    clock,
    transport: {
      name: "memory",
      connect() {
        const peer = new Peer();
        // Sent for the server's time.
        peer.aside = (line) => line === "INFO" ? infoReply(clock.now() + serverAheadMs) : undefined;
        void peer.greet();
        peers.push(peer);
        return Promise.resolve(peer.connection);
      },
    },
    ...options,
  });
  setUp?.(consumer);
  const running = (way === "runOne" ? consumer.runOne() : consumer.run(runOptions)) as ReturnType<
    Consumer[Way]
  >;
  await until(() => peers.length === 2 && peers[0]!.lines.length > 1);
  const [fetch, commands] = peers as [Peer, Peer];
  serve(commands, answer);
  let given = 1;
  return {
    consumer,
    clock,
    peers,
    commands,
    fetch,
    running,
    /** Waits for an unanswered FETCH, and answers the oldest one. */
    async give(reply: string): Promise<void> {
      await fetch.received(++given);
      fetch.say(reply);
    },
    /**
     * Moves the clock in small steps, so that commands that a timer sends get their replies in
     * time.
     */
    async wait(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= 5000) {
        clock.advance(Math.min(left, 5000));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    /** Stops the consumer, gives the remaining FETCHes empty replies, and returns the report. */
    async stop(options: { readonly graceMs?: number } = {}) {
      void consumer.stop(options);
      clock.advance(0);
      for (; given < fetch.lines.length; given++) fetch.say("$-1\r\n");
      await until(() => fetch.lines.at(-1) === "END");
      fetch.end();
      return await running;
    },
  };
}
