import { type ConnectionOptions, Producer } from "../../../../mod.ts";
import type { CommandSender } from "../../../supervisor/mod.ts";

/**
 * Sends commands with a producer that connects at the first command. Most groups never lose a
 * process and never need it.
 */
export class LazyProducer implements CommandSender {
  readonly #options: () => Promise<ConnectionOptions>;
  #producer: Promise<Producer> | undefined;

  constructor(options: () => Promise<ConnectionOptions>) {
    this.#options = options;
  }

  async command(...args: Parameters<CommandSender["command"]>): Promise<unknown> {
    const producer = await (this.#producer ??= this.#connect());
    return await producer.command(...args);
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined);
    await producer?.close();
  }

  async #connect(): Promise<Producer> {
    try {
      // Without the signal: it must also work after the signal that ends the command.
      return await Producer.connect({ ...await this.#options(), signal: undefined });
    } catch (error) {
      this.#producer = undefined;
      throw error;
    }
  }
}
