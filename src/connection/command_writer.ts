import { CommandEncoder } from "../protocol/encoder.ts";
import { atEndOfTurn } from "../internal/host_timers.ts";

/** Size from which a write starts at once instead of waiting for more commands, in bytes. */
const LARGE_WRITE_BYTES = 1024 * 1024;

/** Receives the events of a `CommandWriter`. */
export interface WriteListener {
  /**
   * Called when a write has ended and no other has started: commands added now are part of the next
   * write.
   */
  written(): void;
  /** Called when a write failed. */
  failed(error: unknown): void;
}

/**
 * Writes commands to a connection, in order and in as few writes as possible: a write costs as much
 * as ten jobs.
 *
 * Commands of one turn of the event loop are written together, and so are those that are added
 * during a write.
 */
export class CommandWriter {
  readonly #stream: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listener: WriteListener;
  /** Collects commands for the next write, while the bytes of `#current` are being written. */
  #next = new CommandEncoder();
  #current = new CommandEncoder();
  #unsent = 0;
  #isWriting = false;
  #isScheduled = false;
  #isClosed = false;

  constructor(stream: WritableStreamDefaultWriter<Uint8Array>, listener: WriteListener) {
    this.#stream = stream;
    this.#listener = listener;
  }

  /** Number of commands that are in no write yet. */
  get unsent(): number {
    return this.#unsent;
  }

  /** True while a write is in progress. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /**
   * Adds a command. It is written at the end of the turn, or after the write in progress.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if its payload is not one line.
   */
  add(verb: string, payload: string): void {
    this.#next.add(verb, payload);
    this.#unsent++;
    if (this.#isWriting) return;
    if (this.#next.size >= LARGE_WRITE_BYTES) return this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    atEndOfTurn(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Starts a write now, unless one is in progress. */
  flush(): void {
    if (this.#isWriting || this.#isClosed || this.#next.isEmpty) return;
    [this.#next, this.#current] = [this.#current, this.#next];
    this.#unsent = 0;
    this.#isWriting = true;
    this.#stream.write(this.#current.view).then(this.#written, this.#failed);
  }

  /** Stops writing. */
  close(): void {
    this.#isClosed = true;
  }

  readonly #written = (): void => {
    // Cleared before `written()` and `flush()`, which fill the buffer for the next writes.
    this.#current.clear();
    this.#isWriting = false;
    if (this.#isClosed) return;
    this.#listener.written();
    this.flush();
  };

  readonly #failed = (error: unknown): void => {
    this.#isWriting = false;
    this.#listener.failed(error);
  };
}
