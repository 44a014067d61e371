import type { AddressInfo, Server as NetServer } from "node:net";
import { systemClock } from "../../internal/clock.ts";
import { runtime } from "../../internal/environment.ts";

/** Before a port that is still taken is listened on again, in milliseconds. */
const REOPEN_MS = 10;

/**
 * Listens anew after file descriptors may have run out: Deno, without a word, takes no connection
 * any more after that.
 */
export class Gate {
  readonly #server: NetServer;
  #isOverrun = false;
  #reopen: (() => void) | undefined;
  #isClosed = false;

  constructor(server: NetServer) {
    this.#server = server;
    server.on("listening", () => this.#reopen = undefined);
    // The system may not have let go of the port yet.
    server.on("error", () => this.#reopen && systemClock.after(REOPEN_MS, this.#reopen));
  }

  overrun(): void {
    this.#isOverrun = runtime() === "deno";
  }

  /** There is room again. */
  open(): void {
    if (!this.#isOverrun || this.#isClosed) return;
    this.#isOverrun = false;
    const { address, port } = this.#server.address() as AddressInfo;
    // Connections that there are stay.
    this.#server.close();
    this.#reopen = () => void (this.#isClosed || this.#server.listen(port, address));
    this.#reopen();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
