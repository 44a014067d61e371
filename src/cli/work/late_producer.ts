import { type ConnectionOptions, Producer } from "../../../mod.ts";
import type { CommandSender } from "../../supervisor/mod.ts";

/**
 * Sends commands by a producer that connects at the first of them: most crews never lose a process.
 */
export class LateProducer implements CommandSender {
  readonly #options: () => Promise<ConnectionOptions>;
  #producer: Promise<Producer> | undefined;

  constructor(options: () => Promise<ConnectionOptions>) {
    this.#options = options;
  }

  async command(...args: Parameters<CommandSender["command"]>): Promise<unknown> {
    const producer = await (this.#producer ??= this.#connect());
    return await producer.command(...args);
  }

  /** Ends its connection. */
  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined);
    await producer?.close();
  }

  async #connect(): Promise<Producer> {
    try {
      // It has to work after the signal that ends the command, too.
      return await Producer.connect({ ...await this.#options(), signal: undefined });
    } catch (error) {
      this.#producer = undefined;
      throw error;
    }
  }
}
