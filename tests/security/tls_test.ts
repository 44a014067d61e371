import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import {
  ConnectError,
  Consumer,
  type ConsumerOptions,
  Producer,
  type ProducerOptions,
  TlsError,
  type TlsOptions,
} from "../../mod.ts";
import { FaktoryServer, ManualClock } from "../../src/server/mod.ts";
import { startPeer } from "../transport/contract.ts";
import { pem } from "../pem.ts";

function start(certificate: string): Promise<FaktoryServer> {
  const tls = { cert: pem(certificate), key: pem(`${certificate}.key`) };
  return FaktoryServer.start({ port: 0, tls, password: "hunter2" });
}

/** Both kinds of clients. */
const clients: Record<string, (options: ConsumerOptions & ProducerOptions) => Promise<unknown>> = {
  "a producer": (options) => Producer.connect(options),
  "a consumer": (options) => new Consumer(options).run(),
};

const refusals: [name: string, certificate: string, tls: TlsOptions | undefined][] = [
  ["an authority that the machine does not know, by default", "server", undefined],
  ["an authority that is not trusted", "server", { caCerts: [pem("other_ca")] }],
  ["a certificate of another name", "elsewhere", { caCerts: [pem("ca")] }],
  ["a name that was not asked for", "server", { caCerts: [pem("ca")], serverName: "a.example" }],
  ["a certificate that has expired", "expired", { caCerts: [pem("ca")] }],
];

for (const certificate of new Set(refusals.map(([, certificate]) => certificate))) {
  test(`an invalid certificate is refused, and no password sent: ${certificate}.pem`, async () => {
    await using server = await start(certificate);
    for (const [name, , tls] of refusals.filter(([, other]) => other === certificate)) {
      for (const [client, connect] of Object.entries(clients)) {
        const options = { url: server.url, ...(tls === undefined ? {} : { tls }) };
        await assert.rejects(connect(options), (error) => {
          assert(error instanceof TlsError, `${client}, ${name}: ${error}`);
          assert.equal(error.code, "TLS_CERTIFICATE", `${client}, ${name}: ${error}`);
          return true;
        });
      }
    }
    assert.equal(server.snapshot().connections, 0);
  });
}

test("a client with TLS reports a server without it, and sends it nothing", async () => {
  await using server = await FaktoryServer.start({ port: 0, password: "hunter2" });
  const url = server.url.replace("tcp://", "tcp+tls://");
  for (const connect of Object.values(clients)) {
    await assert.rejects(connect({ url }), (error) => {
      assert(error instanceof TlsError, `${error}`);
      assert.equal(error.code, "TLS_FAILED");
      assert.match(error.message, /Does the server use TLS\?/);
      return true;
    });
  }
  const received: Uint8Array[] = [];
  const plain = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (bytes: Uint8Array) => void received.push(bytes));
    socket.write('+HI {"v":2,"i":4000,"s":"00"}\r\n');
  });
  await using peer = await startPeer(plain);
  const connecting = Producer.connect({ url: `tcp+tls://:hunter2@127.0.0.1:${peer.port}` });
  await assert.rejects(connecting, TlsError);
  const text = received.map((bytes) => new TextDecoder("latin1").decode(bytes)).join("");
  assert(!text.includes("HELLO") && !text.includes("pwdhash"), text);
});

test("a client without TLS reports a server with it, which closes or stays silent", async () => {
  const hint = /Does the server want TLS \(tcp\+tls:\/\/\)\?/;
  await using server = await start("server");
  const url = server.url.replace("tcp+tls://", "tcp://");
  // The embedded server waits two seconds for TLS, then closes.
  await assert.rejects(Producer.connect({ url }), (error) => {
    assert(error instanceof ConnectError && !(error instanceof TlsError), `${error}`);
    assert.match(error.message, hint);
    return true;
  });
  await using silent = await startPeer();
  for (const connect of Object.values(clients)) {
    const clock = new ManualClock();
    const connecting = assert.rejects(
      connect({ url: `tcp://127.0.0.1:${silent.port}`, clock, connections: 2 }),
      (error) => {
        assert(error instanceof ConnectError, `${error}`);
        assert.equal(error.code, "CONNECT_TIMEOUT");
        assert.match(error.message, hint);
        return true;
      },
    );
    const socket = await silent.next();
    // Connected on this side, too: it waits for the greeting, with its timers.
    while (clock.pending < 2) await new Promise((resolve) => setTimeout(resolve, 0));
    clock.advance(10_000);
    await connecting;
    socket.destroy();
  }
});

test("only a change of the URL turns TLS off for tcp+tls", async () => {
  for (const url of ["tcp+tls://localhost", "TCP+TLS://localhost"]) {
    await assert.rejects(Producer.connect({ url, tls: false }), { code: "INVALID_OPTION" });
  }
});
