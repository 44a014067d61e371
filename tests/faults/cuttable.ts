import { ConnectError } from "../../src/errors.ts";
import { nodeTransport } from "../../src/transport/node.ts";
import type { Transport, TransportConnection } from "../../src/transport/transport.ts";

/** A transport whose connections can be cut, and that can refuse new ones. */
export class CuttableTransport implements Transport {
  readonly name = "cuttable";
  /** If true, connecting fails. */
  isDown = false;
  readonly #open = new Set<TransportConnection>();

  async connect(...args: Parameters<Transport["connect"]>): Promise<TransportConnection> {
    if (this.isDown) throw new ConnectError("CONNECTION_REFUSED", "the test has it down");
    const connection = await nodeTransport.connect(...args);
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
    return connection;
  }

  /** Number of open connections. */
  get count(): number {
    return this.#open.size;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const connection of this.#open) connection.close(new Error("cut by the test"));
  }
}
