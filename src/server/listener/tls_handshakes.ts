import type { Socket } from "node:net";
import { systemClock } from "../../internal/clock.ts";
import { limitInput } from "../input_limit.ts";

interface Handshake {
  readonly socket: Socket;
  readonly cancelTimer: () => void;
}

/**
 * Connections that have not finished the TLS handshake, the oldest first.
 *
 * The runtimes' TLS servers have a time limit too. But Deno keeps a connection forever whose first
 * bytes are not TLS, and reports an error for a different socket object. So connections are
 * identified by the client's address and port.
 */
export class TlsHandshakes {
  readonly #handshakes = new Map<string, Handshake>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  add(socket: Socket): void {
    const name = nameOf(socket);
    const cancelTimer = limitInput(systemClock, this.#timeoutMs, () => socket.destroy());
    this.#handshakes.set(name, { socket, cancelTimer });
    socket.on("close", () => {
      if (this.#handshakes.get(name)?.socket === socket) this.#end(name);
    });
  }

  /** Removes the connection of this TLS socket: its handshake is done. */
  remove(socket: Socket): void {
    this.#end(nameOf(socket));
  }

  /** Closes the oldest connection. Returns true if there was one. */
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
