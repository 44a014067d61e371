import { after } from "node:test";
import { Producer, type ProducerOptions } from "../../mod.ts";
import { ManualClock } from "../../src/internal/clock.ts";
import { Peer } from "./peer.ts";

const opened: Peer[] = [];

after(() => {
  for (const peer of opened) peer.end();
});

/** Runs everything that needs no time. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A producer with the default options. The test plays the server of each connection. */
export class GrowingSetting {
  readonly clock = new ManualClock();
  /** Server ends of the connections, in the order in which they were opened. */
  readonly peers: Peer[] = [];
  /** Result of the next attempts to connect. */
  connects: "open" | "fail" | "hang" = "open";
  attempts = 0;
  producer!: Producer;

  static async open(options: ProducerOptions = {}): Promise<GrowingSetting> {
    const setting = new GrowingSetting();
    const { clock } = setting;
    const connect = async () => {
      setting.attempts++;
      if (setting.connects === "hang") return await new Promise<never>(() => {});
      if (setting.connects === "fail") throw new Error("no more connections");
      return setting.#accept().connection;
    };
    setting.producer = await Producer.connect({
      url: "tcp://memory",
      transport: { name: "memory", connect },
      clock,
      ...options,
    });
    return setting;
  }

  #accept(): Peer {
    const peer = new Peer();
    peer.aside = (line) => line.startsWith("HELLO") ? "+OK\r\n" : undefined;
    peer.say('+HI {"v":2}\r\n');
    opened.push(peer);
    this.peers.push(peer);
    return peer;
  }

  /** Number of open connections. */
  get open(): number {
    return this.peers.filter(({ isClosed, isOver }) => !isClosed && !isOver).length;
  }

  /** Number of jobs in each PUSH and PUSHB that a peer received. */
  sizes(index: number): number[] {
    const pushed = this.peers[index]!.lines.filter((line) => line.startsWith("PUSH"));
    return pushed.map((line) => JSON.parse(line.slice(line.indexOf(" "))).length as number ?? 1);
  }

  /** Answers all received commands, or those of one connection. */
  answer(index?: number): void {
    const peers = index === undefined ? this.peers : [this.peers[index]!];
    for (const peer of peers.filter(({ isClosed, isOver }) => !isClosed && !isOver)) {
      for (const line of peer.lines.splice(0)) {
        if (line === "END") peer.end();
        else peer.say(line.startsWith("PUSHB") ? "$2\r\n{}\r\n" : "+OK\r\n");
      }
    }
  }

  /** Makes calls wait for the server for some time, then answers them. */
  async slowRound(ms = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed++) await this.pass(1);
    this.answer();
    await turn();
    await this.pass(1);
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turn();
  }

  /** Enqueues from so many callers at once, without a pause, until `stop` is called. */
  callers(count: number): { stop(): Promise<void> } {
    let isOver = false;
    const calls = Array.from({ length: count }, async () => {
      while (!isOver) await this.producer.enqueue("x");
    });
    for (const call of calls) call.catch(() => {});
    return {
      stop: async () => {
        isOver = true;
        const over = Promise.allSettled(calls);
        let hasEnded = false;
        void over.then(() => hasEnded = true);
        for (let i = 0; i < 50 && !hasEnded; i++) await this.slowRound(1);
        await over;
      },
    };
  }
}
