import { InvalidArgumentError } from "../errors.ts";
import { type Deferred, deferred } from "../internal/deferred.ts";
import { Fifo } from "../internal/fifo.ts";
import { showValue } from "../internal/show.ts";

/**
 * Merges streams into one. Pieces arrive as soon as their stream has them; each stream keeps its
 * order. At most one piece of each stream is held, so a fast stream does not fill the memory, and a
 * slow one does not block the others.
 *
 * The first error ends the merged stream. All other streams are then cancelled, as they are when
 * the merged stream is cancelled. (`mergeReadableStreams` of `@std/streams` reads its streams
 * without backpressure, and leaves them open on cancellation.)
 *
 * @throws {InvalidArgumentError} `INVALID_ARGUMENT` if an argument is not a stream, or is locked.
 *
 * @example Two files
 * ```ts
 * import { linesToJobs, mergeStreams } from "@faktory-ts/faktory/ndjson";
 *
 * const files = ['{"type":"resize"}\n', '{"type":"mail"}']
 *   .map((text) => new Blob([text]).stream().pipeThrough(linesToJobs()));
 * const types = [];
 * for await (const { type } of mergeStreams(files)) types.push(type);
 * console.assert(types.sort().join() === "mail,resize");
 * ```
 */
export function mergeStreams<T>(streams: Iterable<ReadableStream<T>>): ReadableStream<T> {
  const merge = new Merge(readersOf(streams));
  return new ReadableStream<T>({
    start: () => merge.start(),
    async pull(controller) {
      const piece = await merge.next();
      if (piece === undefined) return controller.close();
      controller.enqueue(piece.value);
    },
    cancel: (reason) => merge.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Locks all streams, or none. */
function readersOf<T>(streams: Iterable<ReadableStream<T>>): ReadableStreamDefaultReader<T>[] {
  if (typeof streams !== "object" || streams === null || !(Symbol.iterator in streams)) {
    throw invalid(`the argument is not a list of streams: got ${showValue(streams)}`);
  }
  const all = [...streams];
  for (const [index, stream] of all.entries()) {
    if (typeof stream?.getReader !== "function") throw invalid(`item ${index} is not a stream`);
    const isTwice = all.indexOf(stream) < index;
    if (stream.locked || isTwice) throw invalid(`stream ${index} is already being read`);
  }
  return all.map((stream) => stream.getReader());
}

function invalid(reason: string): InvalidArgumentError {
  return new InvalidArgumentError("INVALID_ARGUMENT", `Cannot merge streams as ${reason}`);
}

interface Piece<T> {
  readonly value: T;
  readonly reader: ReadableStreamDefaultReader<T>;
}

class Merge<T> {
  readonly #open: Set<ReadableStreamDefaultReader<T>>;
  readonly #ready = new Fifo<Piece<T>>();
  #failure: { readonly error: unknown } | undefined;
  #changed: Deferred<void> | undefined;

  constructor(readers: readonly ReadableStreamDefaultReader<T>[]) {
    this.#open = new Set(readers);
  }

  start(): void {
    for (const reader of this.#open) void this.#read(reader);
  }

  /** Returns the next piece of any stream. `undefined` if all have ended. */
  async next(): Promise<Piece<T> | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const piece = this.#ready.shift();
      if (piece !== undefined) {
        void this.#read(piece.reader);
        return piece;
      }
      if (this.#open.size === 0) return undefined;
      this.#changed = deferred();
      await this.#changed.promise;
    }
  }

  async cancel(reason: unknown): Promise<void> {
    await Promise.all([...this.#open].map((reader) => reader.cancel(reason)));
  }

  async #read(reader: ReadableStreamDefaultReader<T>): Promise<void> {
    try {
      const { done, value } = await reader.read();
      if (done) this.#open.delete(reader);
      else this.#ready.push({ value, reader });
    } catch (error) {
      this.#open.delete(reader);
      this.#failure ??= { error };
      // Errors of cancelling change nothing.
      void this.cancel(error).catch(() => {});
    }
    this.#changed?.resolve();
    this.#changed = undefined;
  }
}
