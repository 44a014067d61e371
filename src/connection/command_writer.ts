import { CommandEncoder } from "../protocol/encoder.ts";
import { atEndOfTurn } from "../internal/host_timers.ts";

/** Bytes from which on a write starts at once, and does not wait for more commands. */
const LARGE_WRITE_BYTES = 1024 * 1024;

/** Receives what happens to the writes of a connection. */
export interface WriteListener {
  /**
   * A write ended and no other one has started: now is the time to add the commands of the next
   * one.
   */
  written(): void;
  /** A write failed. */
  failed(error: unknown): void;
}

/**
 * Writes commands to a connection, in their order and in as few writes as possible: a write costs
 * as much as ten jobs.
 *
 * Commands of one turn of the event loop, and those that are added while a write is in progress, go
 * out together.
 */
export class CommandWriter {
  readonly #stream: WritableStreamDefaultWriter<Uint8Array>;
  readonly #listener: WriteListener;
  /** Takes commands while the bytes of `#leaving` are being written. */
  #filling = new CommandEncoder();
  #leaving = new CommandEncoder();
  #unsent = 0;
  #writing = false;
  #isScheduled = false;
  #isClosed = false;

  constructor(stream: WritableStreamDefaultWriter<Uint8Array>, listener: WriteListener) {
    this.#stream = stream;
    this.#listener = listener;
  }

  /** Commands that no write has taken yet. */
  get unsent(): number {
    return this.#unsent;
  }

  /** A write is in progress. */
  get writing(): boolean {
    return this.#writing;
  }

  /**
   * Adds a command. It is written at the end of the turn, or after the write in progress.
   *
   * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if its payload is not one line.
   */
  add(verb: string, payload: string): void {
    this.#filling.add(verb, payload);
    this.#unsent++;
    if (this.#writing) return;
    if (this.#filling.size >= LARGE_WRITE_BYTES) return this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    atEndOfTurn(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Starts a write now, unless one is in progress. */
  flush(): void {
    if (this.#writing || this.#isClosed || this.#filling.isEmpty) return;
    [this.#filling, this.#leaving] = [this.#leaving, this.#filling];
    this.#unsent = 0;
    this.#writing = true;
    this.#stream.write(this.#leaving.view).then(this.#written, this.#failed);
  }

  /** Writes nothing more. */
  close(): void {
    this.#isClosed = true;
  }

  readonly #written = (): void => {
    // Before anything else may be written: its bytes are the next ones that are filled.
    this.#leaving.clear();
    this.#writing = false;
    if (this.#isClosed) return;
    this.#listener.written();
    this.flush();
  };

  readonly #failed = (error: unknown): void => {
    this.#writing = false;
    this.#listener.failed(error);
  };
}
