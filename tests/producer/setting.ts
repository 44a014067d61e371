import { after } from "node:test";
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
