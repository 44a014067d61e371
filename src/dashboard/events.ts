import { elapsedMs } from "../internal/clock.ts";
import type { Source } from "./source.ts";
import type { Settings } from "./options.ts";
import type { Rates } from "./rates.ts";

/** Interval of the events, in milliseconds. */
const TICK_MS = 2000;

/** Time for which an event is reused for other open pages, in milliseconds. */
const FRESH_MS = 1000;

/** Events after which a stream ends. The page then opens a new one, which checks its session. */
const MAX_TICKS = 300;

/** Maximum number of open streams. */
const MAX_STREAMS = 200;

const encoder = new TextEncoder();

/** Server-sent events for open pages. */
export class LiveEvents {
  readonly #source: Source;
  readonly #settings: Settings;
  readonly #rates: Rates;
  #streams = 0;
  /** The last event. */
  #last: { readonly at: number; readonly text: Promise<string> } | undefined;

  constructor(source: Source, settings: Settings, rates: Rates) {
    this.#source = source;
    this.#settings = settings;
    this.#rates = rates;
  }

  /**
   * Opens a stream: `tick` with the server's statistics every two seconds, `down` without a server.
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
            // A visitor who does not read gets no more events.
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
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        // Has nginx hand on each event at once.
        "x-accel-buffering": "no",
      },
    });
  }

  /** Asks the server at most once a second for all open pages. */
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
