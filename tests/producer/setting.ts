import { after } from "node:test";
import { type JobDefinitions, Producer, type ProducerOptions } from "../../mod.ts";
import { Peer } from "../connection/peer.ts";

const opened: Peer[] = [];

// An open producer keeps a timer for its last command, and Node would wait for it.
after(() => {
  for (const peer of opened) peer.end();
});

/**
 * Returns the server side of a producer's connection. It is closed when the tests of the file have
 * ended.
 */
export function openPeer(): Peer {
  const peer = new Peer();
  opened.push(peer);
  return peer;
}

/** Returns a producer with a server played by the test, after the handshake. */
export async function scripted<Jobs extends JobDefinitions = JobDefinitions>(
  options: Pick<ProducerOptions<Jobs>, "jobs"> = {},
): Promise<{ peer: Peer; producer: Producer<Jobs> }> {
  const peer = openPeer();
  const connecting = Producer.connect({
    ...options,
    // The test plays one peer only.
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
