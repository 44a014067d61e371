import { after } from "node:test";
import { type JobDefinitions, Producer, type ProducerOptions } from "../../mod.ts";
import { Peer } from "../connection/peer.ts";

const opened: Peer[] = [];

// A producer that is left open watches over its last command for a while, which Node would wait for.
after(() => {
  for (const peer of opened) peer.end();
});

/** The other end of a producer's connection, which hangs up once the file's tests have ended. */
export function openPeer(): Peer {
  const peer = new Peer();
  opened.push(peer);
  return peer;
}

/** A producer whose server is the test, with no line of its handshake left. */
export async function scripted<Jobs extends JobDefinitions = JobDefinitions>(
  options: Pick<ProducerOptions<Jobs>, "jobs"> = {},
): Promise<{ peer: Peer; producer: Producer<Jobs> }> {
  const { peers: [peer], producer } = await scriptedConnections(1, options);
  return { peer: peer!, producer };
}

/** The same with several connections. */
export async function scriptedConnections<Jobs extends JobDefinitions = JobDefinitions>(
  count: number,
  options: Pick<ProducerOptions<Jobs>, "jobs"> = {},
): Promise<{ peers: Peer[]; producer: Producer<Jobs> }> {
  const peers = Array.from({ length: count }, openPeer);
  const free = peers.map(({ connection }) => connection).values();
  const connecting = Producer.connect({
    ...options,
    connections: count,
    url: "tcp://memory",
    transport: { name: "memory", connect: () => Promise.resolve(free.next().value!) },
    reconnect: false,
  });
  await Promise.all(peers.map((peer) => peer.greet()));
  const producer = await connecting;
  for (const { lines } of peers) lines.length = 0;
  return { peers, producer };
}
