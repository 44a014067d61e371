import { invalidOption, positive } from "../connection/options.ts";
import { ConfigError } from "../errors.ts";
import { type Layer, runThrough } from "../internal/layers.ts";
import { showValue } from "../internal/show.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { Job } from "../job/job.ts";
import type { KnownJobs } from "../job/known_jobs.ts";
import type { HandlerArgs, HandlerKey } from "../job/typed.ts";
import { checkedHandler } from "./checked.ts";
import type { Handler, JobContext } from "./handler.ts";
import type { Limit } from "./limits/limit.ts";
import { checkLimit } from "./limits/limits.ts";
import { Outcome } from "./outcome.ts";

/** Options of `Consumer.register`; the limits are of the jobs of this type. */
export interface HandlerOptions extends Limit {
  /**
   * How long a job of this type may take before its `signal` is aborted, in milliseconds. A job's own, as the number
   * `timeoutMs` in its `custom`, goes before it.
   *
   * @default none
   */
  readonly timeoutMs?: number | undefined;
}

/**
 * The handler that `Consumer.register` takes for a type of the catalogue, or without one for these arguments, and options.
 *
 * Of one piece, as a consumer with a catalogue could else not stand in for one without.
 */
export type HandlerAndOptions<
  Jobs extends JobDefinitions,
  Key extends HandlerKey<Jobs>,
> = string extends keyof Jobs
  ? [handler: Handler<Key extends readonly unknown[] | [] ? Key : never>, options?: HandlerOptions]
  : [
    handler: Key extends keyof Jobs & string ? Handler<HandlerArgs<Jobs, Key>, Jobs, Key> : never,
    options?: HandlerOptions,
  ];

/**
 * What every job passes on its way to its handler. `next` runs the middleware within, and at last the handler; it rejects
 * with what that throws, an outcome included. One that does not call `next` ends the job: it is done. One that gives nothing
 * gives what its `next` gave, and need not wait for that. Calling `next` twice fails the job (`StateError` `NEXT_CALLED_TWICE`).
 */
export type ConsumerMiddleware = (
  job: Job,
  context: JobContext,
  next: () => Promise<unknown>,
) => unknown;

/** What runs the jobs of a type. */
export interface Registered {
  readonly handler: Handler;
  readonly timeoutMs: number | undefined;
  readonly limit: Limit | undefined;
}

/** The handlers of a consumer, and the middleware around them. */
export class Registry {
  readonly #handlers = new Map<string, Registered>();
  readonly #layered = new Map<string, Registered>();
  readonly #middleware: ConsumerMiddleware[] = [];
  readonly #known: KnownJobs | undefined;

  constructor(known?: KnownJobs) {
    this.#known = known;
  }

  /** @throws {ConfigError} `INVALID_OPTION`. */
  register(type: unknown, handler: unknown, options: HandlerOptions): void {
    if (typeof type !== "string" || type === "") {
      throw new ConfigError(
        "INVALID_OPTION",
        `Cannot register a handler as its job type is no text, or empty: got ${showValue(type)}`,
      );
    }
    if (this.#known?.has(type) === false) {
      throw new ConfigError(
        "INVALID_OPTION",
        `Cannot register a handler as its job type is not in the catalogue: got ${showValue(type)}${
          this.#known.hint(type)
        }`,
      );
    }
    if (typeof handler !== "function") {
      throw new ConfigError(
        "INVALID_OPTION",
        `Cannot register a handler for ${showValue(type)} as it is not a function: got ${
          showValue(handler)
        }`,
      );
    }
    const timeoutMs = options.timeoutMs === undefined
      ? undefined
      : positive("timeoutMs", options.timeoutMs, 0);
    const limit = limitOf(handler as Handler & Limit, checkLimit("", options));
    this.#handlers.set(type, { handler: handler as Handler, timeoutMs, limit });
    this.#layered.delete(type);
  }

  /** @throws {ConfigError} `INVALID_OPTION`. */
  use(middleware: unknown): void {
    if (typeof middleware !== "function") {
      throw invalidOption("middleware", "a function", middleware);
    }
    this.#middleware.push(middleware as ConsumerMiddleware);
    this.#layered.clear();
  }

  /** Whether the jobs of any type are limited. */
  get hasLimits(): boolean {
    return [...this.#handlers.values()].some(({ limit }) => limit !== undefined);
  }

  /** The limit of the jobs of this type; the same object as long as it is the same handler. */
  limitOf(type: string): Limit | undefined {
    return this.#handlers.get(type)?.limit;
  }

  /** What runs the jobs of this type: checks their arguments, then passes all middleware. */
  find(type: string): Registered | undefined {
    const own = this.#handlers.get(type);
    if (own === undefined || (this.#middleware.length === 0 && this.#known === undefined)) {
      return own;
    }
    let layered = this.#layered.get(type);
    if (layered === undefined) {
      layered = { ...own, handler: this.#layer(type, own.handler) };
      this.#layered.set(type, layered);
    }
    return layered;
  }

  #layer(type: string, handler: Handler): Handler {
    const layered = this.#middleware.length === 0
      ? handler
      : within([...this.#middleware], handler);
    const schema = this.#known?.schemaOf(type);
    return schema === undefined ? layered : checkedHandler(schema, layered);
  }
}

/** The limit that was asked for; else that of a handler which has its own, as `isolated` does. */
function limitOf(handler: Handler & Limit, { concurrency, perSecond }: Limit): Limit | undefined {
  const own = Number.isInteger(handler.concurrency) ? handler.concurrency : undefined;
  const most = concurrency ?? own;
  return most === undefined && perSecond === undefined
    ? undefined
    : { concurrency: most, perSecond };
}

function within(middleware: readonly ConsumerMiddleware[], handler: Handler): Handler {
  return async (job: Job, context: JobContext) => {
    const layers = middleware.map((one): Layer<unknown> => async (next) =>
      noOutcome(await one(job, context, next))
    );
    const work = async () => noOutcome(await handler(job, context));
    const { result } = await runThrough(layers, work);
    return result;
  };
}

/** As an outcome is no success, the middleware around hears of it as of an error, whichever way it was given. */
function noOutcome(value: unknown): unknown {
  if (value instanceof Outcome) throw value;
  return value;
}
