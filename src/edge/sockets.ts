import { connectByLoopback } from "../transport/localhost.ts";
import type { Transport } from "../transport/transport.ts";
import { loadSockets, openSocket } from "../transport/workerd/open_socket.ts";

/**
 * The sockets of Cloudflare Workers without the streams of `workerdTransport`. These streams
 * reuse buffers and end pending writes with the connection; a `Link` needs neither.
 */
export const sockets: Transport = {
  name: "workerd",
  async connect(target, { signal } = {}) {
    const socket = await connectByLoopback(
      target.hostname,
      (hostname) => openSocket(loadSockets, { hostname, target, signal }),
    );
    const { readable, writable, closed } = socket;
    return {
      readable,
      writable,
      closed: closed.then(() => {}, () => {}),
      close: () => void socket.close().catch(() => {}),
    };
  },
};
