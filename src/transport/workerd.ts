/**
 * The transport for Cloudflare Workers. Workers select it automatically; import this entry only to
 * name it explicitly.
 *
 * @example Select the transport explicitly
 * ```ts ignore
 * import { Producer } from "@faktory-ts/faktory";
 * import { workerdTransport } from "@faktory-ts/faktory/transport/workerd";
 *
 * await using producer = await Producer.connect({ transport: workerdTransport });
 * await producer.enqueue("greet", ["world"]);
 * ```
 *
 * @module
 */

import { ConfigError } from "../errors.ts";
import { socketTransport } from "./socket_transport.ts";
import { overStreams } from "./streams.ts";
import type { TlsOptions, Transport, TransportConnection } from "./transport.ts";
import {
  loadSockets,
  openSocket,
  type WorkerdSocket,
  type WorkerdSockets,
} from "./workerd/open_socket.ts";

export type { WorkerdSocket, WorkerdSockets } from "./workerd/open_socket.ts";

/** A transport that uses `cloudflare:sockets`. */
export const workerdTransport: Transport = makeWorkerdTransport(loadSockets);

/** Creates a transport from the module that `load` returns. */
export function makeWorkerdTransport(load: () => Promise<WorkerdSockets>): Transport {
  return socketTransport({
    name: "workerd",
    check: ({ tls }) => tls && checkTls(tls),
    open: async (attempt) => connectionOf(await openSocket(load, attempt)),
  });
}

/**
 * Refuses TLS options that Workers do not have: they trust Cloudflare's list of authorities, and
 * cannot send a client certificate.
 */
function checkTls(tls: TlsOptions): void {
  const refused = [
    tls.rejectUnauthorized === false ? "rejectUnauthorized: false" : undefined,
    tls.caCerts === undefined ? undefined : "caCerts",
    tls.cert === undefined ? undefined : "cert",
    tls.key === undefined ? undefined : "key",
  ].filter((name) => name !== undefined);
  if (refused.length === 0) return;
  throw new ConfigError(
    "UNSUPPORTED_RUNTIME",
    `Cannot use the option tls as Cloudflare Workers do not support ${refused.join(", ")}. ` +
      "Use a certificate of a public authority on the server, or pass another transport",
  );
}

function connectionOf(socket: WorkerdSocket): TransportConnection {
  const streams = overStreams(socket, () => void socket.close().catch(() => {}));
  socket.closed.then(() => streams.finish(), (error) => streams.fail(error));
  return streams.connection;
}
