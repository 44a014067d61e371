import { ManualClock } from "../../src/internal/clock.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { type PasswordlessProducer, Producer, type ProducerOptions } from "../../src/edge/mod.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { Peer } from "../connection/peer.ts";

/** A server that is the test: each connection has a peer, and time is moved by the test. */
export class ScriptedServer {
  readonly clock = new ManualClock();
  readonly peers: Peer[] = [];
  readonly transport: Transport;
  #arrived = deferred();
  /** Set: the next connection fails with this. */
  failure: Error | undefined;

  constructor() {
    this.transport = {
      name: "scripted",
      connect: () => {
        const { failure } = this;
        this.failure = undefined;
        if (failure !== undefined) return Promise.reject(failure);
        const peer = new Peer();
        this.peers.push(peer);
        this.#arrived.resolve();
        this.#arrived = deferred();
        return Promise.resolve(peer.connection);
      },
    };
  }

  get options(): ProducerOptions {
    return { url: "tcp://memory", transport: this.transport, clock: this.clock };
  }

  /** The peer of the connection with this number, once there is one. */
  async peer(index: number): Promise<Peer> {
    while (this.peers.length <= index) await this.#arrived.promise;
    return this.peers[index]!;
  }

  /** The same, greeted; its lines are those after HELLO. */
  async greeted(index: number): Promise<Peer> {
    const peer = await this.peer(index);
    await peer.greet();
    peer.lines.length = 0;
    return peer;
  }
}

/** A producer that is connected to a server that is the test. */
export async function scripted(
  Class: typeof Producer | typeof PasswordlessProducer = Producer,
): Promise<{ server: ScriptedServer; peer: Peer; producer: PasswordlessProducer }> {
  const server = new ScriptedServer();
  const connecting = Class.connect(server.options);
  const peer = await server.greeted(0);
  return { server, peer, producer: await connecting };
}

/** A bulk reply. */
export function bulk(value: unknown): string {
  const text = JSON.stringify(value);
  return `$${new TextEncoder().encode(text).length}\r\n${text}\r\n`;
}

/** The jobs of a line that is PUSHB. */
export function jobsOf(line: string | undefined): Record<string, unknown>[] {
  if (!line?.startsWith("PUSHB [")) throw new Error(`It is no PUSHB: ${line}`);
  return JSON.parse(line.slice("PUSHB ".length));
}

/** Lets everything happen that is about to. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
