import { elapsedMs } from "../internal/clock.ts";
import type { Source } from "./source.ts";
import type { Settings } from "./options.ts";
import type { Rates } from "./rates.ts";

/** How often pages hear that they may load what is new, in milliseconds. */
const TICK_MS = 2000;

/** For how long an event is good for other pages, too. */
const FRESH_MS = 1000;

/**
 * How long a stream is, in ticks: a page then asks for another one, and for that may need the
 * password again.
 */
const MAX_TICKS = 300;

/** Streams at a time. */
const MAX_STREAMS = 200;

const encoder = new TextEncoder();

/** What visitors hear while a page is open: server-sent events. */
export class LiveEvents {
  readonly #source: Source;
  readonly #settings: Settings;
  readonly #rates: Rates;
  #streams = 0;
  /** The last event, for all pages that are open. */
  #last: { readonly at: number; readonly text: Promise<string> } | undefined;

  constructor(source: Source, settings: Settings, rates: Rates) {
    this.#source = source;
    this.#settings = settings;
    this.#rates = rates;
  }

  /**
   * A stream of them: `tick` with the server's figures every two seconds, `down` while it does not
   * answer.
   */
  response(): Response {
    if (this.#streams >= MAX_STREAMS) {
      return new Response("too many pages are open\n", { status: 503 });
    }
    this.#streams++;
    let isOver = false;
    let ticks = 0;
    let cancel = () => {};
    const end = () => {
      if (isOver) return;
      isOver = true;
      this.#streams--;
      cancel();
    };
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const tick = async () => {
          const text = await this.#event();
          if (isOver) return;
          try {
            // A visitor who reads no more gets no more.
            if ((controller.desiredSize ?? 0) > -16) controller.enqueue(encoder.encode(text));
          } catch {
            return end();
          }
          if (++ticks === MAX_TICKS) {
            controller.close();
            return end();
          }
          cancel = this.#settings.clock.after(TICK_MS, () => void tick());
        };
        controller.enqueue(encoder.encode("retry: 3000\n\n"));
        void tick();
      },
      cancel: end,
    });
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    });
  }

  /** Asks the server once a second at most, however many pages are open. */
  #event(): Promise<string> {
    const now = elapsedMs(this.#settings.clock);
    if (this.#last === undefined || now - this.#last.at >= FRESH_MS) {
      this.#last = { at: now, text: this.#tick() };
    }
    return this.#last.text;
  }

  async #tick(): Promise<string> {
    try {
      const info = await this.#source.info();
      const { sets, totals, queues } = info;
      const waiting = Object.values(queues).reduce((sum, size) => sum + size, 0);
      const data = { sets, totals, waiting, rates: this.#rates.measure(info) };
      return `event: tick\ndata: ${JSON.stringify(data)}\n\n`;
    } catch {
      return "event: down\ndata: {}\n\n";
    }
  }
}
