import { Consumer, type ConsumerOptions, type RunOptions } from "../../mod.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { Peer } from "../connection/peer.ts";
import { until } from "./setting.ts";

/**
 * What the test's server replies to a line: "" for nothing, `undefined` for what it replies
 * otherwise.
 */
export type Answer = (line: string) => string | undefined;

/** A bulk reply. */
export function bulk(text: string): string {
  return `$${new TextEncoder().encode(text).length}\r\n${text}\r\n`;
}

/** A job as a reply to FETCH. */
export function jobReply(jid: string, fields: Record<string, unknown> = {}): string {
  return bulk(JSON.stringify({ jid, jobtype: "x", args: [], ...fields }));
}

/** What INFO says where no job waits, and the time is this. */
export function infoReply(now: number): string {
  const faktory = { queues: {} };
  return bulk(JSON.stringify({ now: new Date(now).toISOString(), faktory, server: {} }));
}

/**
 * Replies to each line after HELLO as it comes, and hangs up at END; `+OK` where `answer` has
 * nothing to say of it.
 */
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

/** Options of {@linkcode script} beside the consumer's own. */
export interface ScriptOptions<Way extends "run" | "runOne" = "run"> extends ConsumerOptions {
  readonly clock?: ManualClock;
  readonly answer?: Answer;
  readonly setUp?: (consumer: Consumer) => void;
  /** How it is run. @default "run" */
  readonly way?: Way;
  readonly runOptions?: RunOptions;
  /** By how much the server's clock is ahead of the consumer's, in milliseconds. @default 0 */
  readonly serverAheadMs?: number;
}

/**
 * A running consumer whose server is the test, under a clock that only the test moves: one
 * connection for commands, which are answered by `answer`, and one to fetch, whose FETCHes are
 * answered by `give`, and with nothing once it stops.
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
        // Asked by the way, for the server's time.
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
  await until(() => peers.length === 2 && peers[1]!.lines.length > 1);
  const [commands, fetch] = peers as [Peer, Peer];
  serve(commands, answer);
  let given = 1;
  return {
    consumer,
    clock,
    peers,
    commands,
    fetch,
    running,
    /** Answers the oldest FETCH that has no answer, once it has come. */
    async give(reply: string): Promise<void> {
      await fetch.received(++given);
      fetch.say(reply);
    },
    /**
     * Lets time pass, a little at a time, so that what the clock has sent is answered before it is
     * missed.
     */
    async wait(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= 5000) {
        clock.advance(Math.min(left, 5000));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    /** Stops the consumer, gives what FETCHes are left nothing, and tells how it ended. */
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
