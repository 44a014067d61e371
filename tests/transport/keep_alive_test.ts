import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { nodeTransport } from "../../src/transport/node.ts";
import { selectTransport } from "../../src/transport/select.ts";
import { startPeer } from "./contract.ts";

/** Linux shows the timers of each socket: 02 is that of keep-alive. */
const SOCKETS = "/proc/self/net/tcp";
const ESTABLISHED = "01";
const skip = !existsSync(SOCKETS) && `there is no ${SOCKETS}`;

test("TCP keep-alive tests a connection without traffic", { skip }, async () => {
  for (const transport of [await selectTransport(), nodeTransport]) {
    await using peer = await startPeer();
    const connection = await transport.connect({ hostname: "127.0.0.1", port: peer.port });
    await peer.next();
    const remote = `0100007F:${peer.port.toString(16).toUpperCase().padStart(4, "0")}`;
    const rows = readFileSync(SOCKETS, "utf8").split("\n").map((row) => row.trim().split(/\s+/));
    const row = rows.find(([, , to, state]) => to === remote && state === ESTABLISHED)!;
    assert.equal(row[5]!.slice(0, 2), "02", `${transport.name}: ${row.join(" ")}`);
    connection.close();
    await connection.closed;
  }
});
