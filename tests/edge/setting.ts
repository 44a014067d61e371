import { ManualClock } from "../../src/internal/clock.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { type PasswordlessProducer, Producer, type ProducerOptions } from "../../src/edge/mod.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { Peer } from "../connection/peer.ts";

/** A server played by the test: each connection has a peer, and the test moves the clock. */
export class ScriptedServer {
  readonly clock = new ManualClock();
  readonly peers: Peer[] = [];
  readonly transport: Transport;
  #arrived = deferred();
  /** If set, the next connection fails with this error. */
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

  /** Resolves to the peer of the connection with this number. */
  async peer(index: number): Promise<Peer> {
    while (this.peers.length <= index) await this.#arrived.promise;
    return this.peers[index]!;
  }

  /** Resolves to the peer after its handshake. Its lines are those after HELLO. */
  async greeted(index: number): Promise<Peer> {
    const peer = await this.peer(index);
    await peer.greet();
    peer.lines.length = 0;
    return peer;
  }
}

/** Returns a producer that is connected to a server played by the test. */
export async function scripted(
  Class: typeof Producer | typeof PasswordlessProducer = Producer,
): Promise<{ server: ScriptedServer; peer: Peer; producer: PasswordlessProducer }> {
  const server = new ScriptedServer();
  const connecting = Class.connect(server.options);
  const peer = await server.greeted(0);
  return { server, peer, producer: await connecting };
}

/** Returns a bulk reply. */
export function bulk(value: unknown): string {
  const text = JSON.stringify(value);
  return `$${new TextEncoder().encode(text).length}\r\n${text}\r\n`;
}

/** Returns the jobs in a PUSHB line. */
export function jobsOf(line: string | undefined): Record<string, unknown>[] {
  if (!line?.startsWith("PUSHB [")) throw new Error(`It is no PUSHB: ${line}`);
  return JSON.parse(line.slice("PUSHB ".length));
}

/** Waits until everything that is pending has run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
