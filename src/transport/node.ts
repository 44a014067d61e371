import { connect as connectTcp, type Socket } from "node:net";
import { connectFailure, withoutTls } from "./failures.ts";
import { overLoopback } from "./localhost.ts";
import { SocketStreams } from "./streams.ts";
import type {
  ConnectTarget,
  Transport,
  TransportConnection,
  TransportConnectOptions,
} from "./transport.ts";

/** Sockets by `node:net` and `node:tls`, for Node; they work under Deno and Bun as well. */
export const nodeTransport: Transport = {
  name: "node",
  connect(target, options = {}) {
    if (target.tls !== undefined) return Promise.reject(withoutTls(target));
    return overLoopback(target.hostname, (hostname) => open(hostname, target, options));
  },
};

function open(
  hostname: string,
  target: ConnectTarget,
  { signal }: TransportConnectOptions,
): Promise<TransportConnection> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = connectTcp({
      host: hostname,
      port: target.port,
      onread: {
        buffer: new Uint8Array(65536),
        callback(n, b) {
          streams.push(b.slice(0, n));
          return true;
        },
      },
    });
    let streams: SocketStreams;
    const abort = () => settle(() => reject(signal?.reason));
    const fail = (error: Error) => settle(() => reject(connectFailure(error, target)));
    const hangUp = () => fail(new Error("the connection was closed"));
    function settle(result: () => void) {
      signal?.removeEventListener("abort", abort);
      socket.off("error", fail).off("close", hangUp);
      result();
    }
    signal?.addEventListener("abort", abort, { once: true });
    socket.on("error", fail).on("close", hangUp);
    socket.once("connect", () =>
      settle(() => {
        streams = connectionOf(socket);
        resolve(streams.connection);
      }));
  });
}

function connectionOf(socket: Socket): SocketStreams {
  socket.setNoDelay(true);
  const streams = new SocketStreams({
    pull: () => void socket.resume(),
    pause: () => void socket.pause(),
    write: (chunk) =>
      new Promise((resolve, reject) => {
        // Called back only once the bytes are out: until then the buffer is the socket's.
        socket.write(chunk, (error) => error ? reject(error) : resolve());
      }),
    shutdown: () => new Promise((resolve) => void socket.end(() => resolve())),
    destroy: () => void socket.destroy(),
  });
  socket
    .on("end", () => streams.finish())
    .on("error", (error) => streams.fail(error))
    .on("close", () => streams.released());
  return streams;
}
