import { after } from "node:test";
import { type JobDefinitions, Producer, type ProducerOptions } from "../../mod.ts";
import { Peer } from "../connection/peer.ts";

const opened: Peer[] = [];

// A producer that is left open watches over its last command for a while, which Node would wait
// for.
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
  const peer = openPeer();
  const connecting = Producer.connect({
    ...options,
    // The test speaks for one peer only.
    connections: 1,
    url: "tcp://memory",
    transport: { name: "memory", connect: () => Promise.resolve(peer.connection) },
    reconnect: false,
  });
  await peer.greet();
  const producer = await connecting;
  peer.lines.length = 0;
  return { peer, producer };
}
