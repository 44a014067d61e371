import { connect as connectTcp, isIP, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from "node:tls";
import { systemClock } from "../../../internal/clock.ts";
import { verifiedName } from "../../../transport/failures.ts";
import type { ConnectTarget } from "../../../transport/transport.ts";
import { type Facts, required, timeoutOf } from "./check.ts";

/** Thrown if the server did not answer in time. */
export class NoAnswerError extends Error {}

/** Maximum length of a line. Greetings are much shorter. */
const MAX_LINE = 4096;

/** A question to the server. It calls `settle` to end the probe. */
type Ask<T> = (
  socket: Socket,
  settle: { resolve(value: T): void; reject(error: unknown): void },
) => void;

/**
 * Opens a socket, and closes it when `ask` has its answer.
 *
 * @throws {NoAnswerError} after `ms` without an answer. @throws the signal's reason, or the
 * runtime's own error.
 */
export function probe<T>(
  { io: { signal, clock = systemClock } }: Facts,
  { open, ask, ms }: { open(): Socket; ask: Ask<T>; ms: number },
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.throwIfAborted();
    const socket = open();
    const abort = () => settle(() => reject(signal.reason));
    const cancelTimer = clock.after(ms, () => settle(() => reject(new NoAnswerError())));
    function settle(how: () => void) {
      cancelTimer();
      signal.removeEventListener("abort", abort);
      // Ignores later errors of the socket.
      socket.on("error", () => {});
      socket.destroy();
      how();
    }
    signal.addEventListener("abort", abort, { once: true });
    const fail = (error: unknown) => settle(() => reject(error));
    socket.on("error", fail).on("close", () => fail(new Error("the connection was closed")));
    ask(socket, { resolve: (value) => settle(() => resolve(value)), reject: fail });
  });
}

/** Opens a plain socket to the server, or to one of its addresses. */
export function plainSocket(facts: Facts, host: string = required(facts.address)): () => Socket {
  const { port } = required(facts.target);
  return () => connectTcp({ host, port });
}

/** The result of a TLS handshake with the server. */
export interface TlsResult {
  readonly certificate: PeerCertificate;
  /** True if the certificate is from a trusted authority, valid now, and for the right name. */
  readonly isVerified: boolean;
  /** True if the certificate is for another name. */
  readonly wrongName: boolean;
  readonly protocol: string;
}

/** Opens a TLS socket without verification, so that the certificate can be examined. */
export function secureSocket(facts: Facts): () => ReturnType<typeof connectTls> {
  const target = required(facts.target);
  const { caCerts, cert, key } = target.tls ?? {};
  return () =>
    connectTls({
      host: required(facts.address),
      port: target.port,
      rejectUnauthorized: false,
      ...nameOf(target),
      ...caCerts === undefined ? {} : { ca: [...caCerts] },
      ...cert === undefined ? {} : { cert },
      ...key === undefined ? {} : { key },
    });
}

/** Makes a TLS handshake with the server. */
export function tlsHandshake(facts: Facts, ms: number = timeoutOf(facts)): Promise<TlsResult> {
  const open = secureSocket(facts);
  const name = verifiedName(required(facts.target));
  let socket: ReturnType<typeof open>;
  return probe<TlsResult>(facts, {
    ms,
    open: () => socket = open(),
    ask(_, { resolve }) {
      socket.once("secureConnect", () => {
        const certificate = socket.getPeerCertificate();
        const wrongName = checkServerIdentity(name, certificate) !== undefined;
        resolve({
          certificate,
          wrongName,
          isVerified: socket.authorized && !wrongName,
          protocol: socket.getProtocol() ?? "TLS",
        });
      });
    },
  });
}

/**
 * Reads the first line that the server sends. If the server closes the connection first, returns
 * the text up to then.
 */
export function firstLine(facts: Facts, open: () => Socket, ms: number): Promise<string> {
  return probe(facts, {
    ms,
    open,
    ask(socket, { resolve, reject }) {
      let text = "";
      socket.on("data", (data: Uint8Array) => {
        text += new TextDecoder().decode(data);
        const end = text.indexOf("\n");
        if (end >= 0 || text.length > MAX_LINE) resolve(text.slice(0, end < 0 ? MAX_LINE : end));
      });
      socket.on("end", () => text === "" ? reject(new Error("it hung up")) : resolve(text));
    },
  });
}

/** SNI needs a host name. An IP address is only used to verify the certificate. */
function nameOf(target: ConnectTarget): { servername?: string } {
  const name = verifiedName(target);
  return isIP(name) === 0 ? { servername: name } : {};
}
