import assert from "node:assert/strict";
import { createServer as createTcpServer } from "node:net";
import { describe, it } from "node:test";
import { createServer, type TLSSocket } from "node:tls";
import { ConfigError, FaktoryError, TlsError } from "../../src/errors.ts";
import { runtime } from "../../src/internal/environment.ts";
import { nodeTransport } from "../../src/transport/node.ts";
import { selectTransport } from "../../src/transport/select.ts";
import type { TlsOptions, Transport } from "../../src/transport/transport.ts";
import { failure, startPeer } from "./contract.ts";
import { pem } from "../pem.ts";

const trusted = { caCerts: [pem("ca")] };

/** Starts a TLS server that sends the name in the client's certificate. */
function startTls(certificate: string) {
  const server = createServer({
    key: pem(`${certificate}.key`),
    cert: pem(certificate),
    ca: [pem("ca")],
    requestCert: true,
    rejectUnauthorized: false,
  });
  return startPeer(server, { event: "secureConnection" });
}

function tlsContract(transport: Transport, canSkip: boolean): void {
  const connect = (port: number, tls: TlsOptions, hostname = "127.0.0.1") =>
    transport.connect({ hostname, port, tls });

  describe(`${transport.name} transport with TLS`, () => {
    for (const hostname of ["127.0.0.1", "localhost"]) {
      it(`transfers bytes both ways with ${hostname}, whose authority is trusted`, async () => {
        await using peer = await startTls("server");
        const connection = await connect(peer.port, trusted, hostname);
        const socket = await peer.next();
        socket.pipe(socket);
        const text = "x".repeat(100_000);
        const writer = connection.writable.getWriter();
        const writing = writer.write(new TextEncoder().encode(text));
        const reader = connection.readable.getReader();
        const decoder = new TextDecoder();
        let read = "";
        while (read.length < text.length) {
          read += decoder.decode((await reader.read()).value, { stream: true });
        }
        await writing;
        assert.equal(read, text);
        connection.close();
        await connection.closed;
      });
    }

    it("verifies the host of the URL, not the loopback address it resolves to", async () => {
      // The certificate is for the name only.
      const server = createServer({ key: pem("name.key"), cert: pem("name") });
      await using peer = await startPeer(server, { host: "::1", event: "secureConnection" });
      const connection = await connect(peer.port, trusted, "localhost");
      connection.close();
      await connection.closed;
    });

    it("refuses an invalid client certificate before anything else", async () => {
      const cases = [
        { cert: "x", key: "y" },
        { cert: pem("client"), key: "y" },
        { cert: "x", key: pem("client.key") },
        {
          cert: pem("client"),
          key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        },
      ];
      await using peer = await startTls("server");
      for (const tls of cases) {
        const connecting = connect(peer.port, { ...trusted, ...tls });
        await assert.rejects(connecting, failure(ConfigError, "INVALID_OPTION"));
      }
    });

    const refusals: [name: string, certificate: string, tls: TlsOptions][] = [
      ["an authority that is not trusted", "server", { caCerts: [pem("other_ca")] }],
      ["an authority that the machine does not know", "server", {}],
      ["another name", "elsewhere", trusted],
      ["a name that is not the one asked for", "server", {
        ...trusted,
        serverName: "elsewhere.example",
      }],
      ["a certificate that has expired", "expired", trusted],
    ];
    for (const [name, certificate, tls] of refusals) {
      it(`refuses ${name}`, async () => {
        await using peer = await startTls(certificate);
        await assert.rejects(connect(peer.port, tls), failure(TlsError, "TLS_CERTIFICATE"));
      });
    }

    it("verifies the certificate for serverName instead of the host", async () => {
      await using peer = await startTls("elsewhere");
      const connection = await connect(peer.port, { ...trusted, serverName: "elsewhere.example" });
      connection.close();
      await connection.closed;
    });

    it("sends a client certificate", async () => {
      await using peer = await startTls("server");
      const tls = { ...trusted, cert: pem("client"), key: pem("client.key") };
      const connection = await connect(peer.port, tls);
      const socket = await peer.next() as TLSSocket;
      assert.equal(socket.getPeerCertificate().subject?.CN, "faktory test client");
      connection.close();
      await connection.closed;
    });

    it("reports an invalid certificate or key", async () => {
      await using peer = await startTls("server");
      const connecting = connect(peer.port, { ...trusted, cert: "nonsense", key: "nonsense" });
      await assert.rejects(connecting, (error) => error instanceof FaktoryError);
    });

    it("reports a peer without TLS", async () => {
      const server = createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.write('+HI {"v":2}\r\n');
      });
      await using peer = await startPeer(server);
      await assert.rejects(connect(peer.port, trusted), failure(TlsError, "TLS_FAILED"));
    });

    it("reports a peer that closes during the handshake", async () => {
      await using peer = await startPeer();
      const connecting = assert.rejects(
        connect(peer.port, trusted),
        failure(TlsError, "TLS_FAILED"),
      );
      (await peer.next()).destroy();
      await connecting;
    });

    it("aborts a handshake", async () => {
      await using peer = await startPeer();
      const stop = new AbortController();
      const target = { hostname: "127.0.0.1", port: peer.port, tls: trusted };
      const connecting = transport.connect(target, { signal: stop.signal });
      const rejected = assert.rejects(connecting, { message: "enough" });
      await peer.next();
      stop.abort(new Error("enough"));
      await rejected;
    });

    it("skips verification if the runtime can, and reports if it cannot", async () => {
      await using peer = await startTls("expired");
      const connecting = connect(peer.port, { rejectUnauthorized: false });
      if (canSkip) {
        const connection = await connecting;
        connection.close();
        await connection.closed;
      } else {
        await assert.rejects(connecting, failure(ConfigError, "INVALID_OPTION"));
      }
    });
  });
}

const own: Transport = {
  name: "own",
  connect: async (target, options) => (await selectTransport()).connect(target, options),
};
tlsContract(own, runtime() !== "deno");
// The node:tls of Deno and Bun is their own; the adapter is for Node.
if (runtime() === "node") tlsContract(nodeTransport, true);
