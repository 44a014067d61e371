import type { OutboxOfWorld } from "./outbox_of_world.ts";

/** The end of the outbox's world, in which faults are injected alone. */
export class CalmOutbox {
  readonly #outbox: OutboxOfWorld;

  constructor(outbox: OutboxOfWorld) {
    this.#outbox = outbox;
  }

  async run(): Promise<void> {
    await this.#wait(1000);
  }

  async #wait(ms: number): Promise<void> {
    const { timeline } = this.#outbox;
    await timeline.run(() => false, timeline.now + ms);
  }
}
