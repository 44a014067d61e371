import type { Socket } from "node:net";
import { systemClock } from "../../internal/clock.ts";

interface Handshake {
  readonly socket: Socket;
  readonly cancelTimer: () => void;
}

/**
 * Connections that have not begun TLS, the oldest first.
 *
 * A runtime's TLS server has a time limit, too, but Deno keeps a connection for ever whose first
 * bytes are no TLS: the socket that it then tells of is not the one that was connected. So each is
 * known by its client's address and port.
 */
export class Unsecured {
  readonly #handshakes = new Map<string, Handshake>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  begin(socket: Socket): void {
    const name = nameOf(socket);
    const cancelTimer = systemClock.after(this.#timeoutMs, () => socket.destroy());
    this.#handshakes.set(name, { socket, cancelTimer });
    socket.on("close", () => {
      if (this.#handshakes.get(name)?.socket === socket) this.#end(name);
    });
  }

  /** The connection of this TLS socket is through. */
  secured(socket: Socket): void {
    this.#end(nameOf(socket));
  }

  /** Closes the connection that has been there for longest; false where there is none. */
  makeRoom(): boolean {
    for (const [name, { socket }] of this.#handshakes) {
      this.#end(name);
      socket.destroy();
      return true;
    }
    return false;
  }

  #end(name: string): void {
    this.#handshakes.get(name)?.cancelTimer();
    this.#handshakes.delete(name);
  }
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
