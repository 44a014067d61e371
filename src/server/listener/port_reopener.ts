import type { AddressInfo, Server as NetServer } from "node:net";
import { systemClock } from "../../internal/clock.ts";
import { runtime } from "../../internal/environment.ts";

/** Delay before listening again on a port that is still taken, in ms. */
const REOPEN_MS = 10;

/**
 * Listens again after file descriptors may have run out: Deno accepts no connections after that,
 * without an error.
 */
export class PortReopener {
  readonly #server: NetServer;
  #isOverrun = false;
  #reopen: (() => void) | undefined;
  #isClosed = false;

  constructor(server: NetServer) {
    this.#server = server;
    server.on("listening", () => this.#reopen = undefined);
    // The system may not have released the port yet.
    server.on("error", () => this.#reopen && systemClock.after(REOPEN_MS, this.#reopen));
  }

  limitExceeded(): void {
    this.#isOverrun = runtime() === "deno";
  }

  /** Called when there is room again. */
  reopen(): void {
    if (!this.#isOverrun || this.#isClosed) return;
    this.#isOverrun = false;
    const { address, port } = this.#server.address() as AddressInfo;
    // Existing connections stay open.
    this.#server.close();
    this.#reopen = () => void (this.#isClosed || this.#server.listen(port, address));
    this.#reopen();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
