import { CommandEncoder } from "../protocol/encoder.ts";
import { atEndOfTurn } from "../internal/host_timers.ts";

/** Writes commands to a connection, in their order and in as few writes as it can: the cost of one is that of ten jobs. */
export class CommandWriter {
  readonly #stream: WritableStreamDefaultWriter<Uint8Array>;
  readonly #failed: (error: unknown) => void;
  /** Takes commands, while the bytes of `#leaving` are being written. */
  #filling = new CommandEncoder();
  #leaving = new CommandEncoder();
  /** Commands in `#filling`. */
  #unsent = 0;
  #writing = false;
  #flushScheduled = false;
  #onWritable: (() => void)[] = [];
  #isClosed = false;

  /** `failed` hears of a write that went wrong. */
  constructor(
    stream: WritableStreamDefaultWriter<Uint8Array>,
    failed: (error: unknown) => void,
  ) {
    this.#stream = stream;
    this.#failed = failed;
  }

  /** Commands that no write has taken yet. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Whether earlier bytes are still being written, so that it pays to gather more before sending. */
  get writing(): boolean {
    // Whatever becomes of a write that was under way at the end: nobody is to wait for it.
    return this.#writing && !this.#isClosed;
  }

  /** Calls `callback` once when no bytes are being written any longer, or when all is closed. */
  onceWritable(callback: () => void): void {
    if (!this.writing) return callback();
    this.#onWritable.push(callback);
  }

  /**
   * Takes a command. It is written at the end of the turn, or once what is being written is out.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` where its payload is not one line.
   */
  add(verb: string, payload: string): void {
    this.#filling.add(verb, payload);
    this.#unsent++;
    if (this.#flushScheduled || this.#writing) return;
    this.#flushScheduled = true;
    atEndOfTurn(() => this.flush());
  }

  /** Writes what was taken now, where nothing is being written, and not at the end of the turn. */
  flush(): void {
    void this.#flush();
  }

  /** Writes nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#callWritable();
  }

  async #flush(): Promise<void> {
    this.#flushScheduled = false;
    if (this.#writing) return;
    this.#writing = true;
    try {
      while (!this.#filling.isEmpty && !this.#isClosed) {
        [this.#filling, this.#leaving] = [this.#leaving, this.#filling];
        this.#unsent = 0;
        await this.#stream.write(this.#leaving.view);
        this.#leaving.clear();
        // What was held back goes into the write that follows: it is still this loop that writes, and nothing else may.
        this.#callWritable();
      }
      this.#writing = false;
      // Those who asked again, and for whom no write followed.
      this.#callWritable();
    } catch (error) {
      this.#writing = false;
      this.#failed(error);
    }
  }

  #callWritable(): void {
    if (this.#onWritable.length === 0) return;
    const callbacks = this.#onWritable;
    this.#onWritable = [];
    for (const callback of callbacks) callback();
  }
}
