import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { invalidOption, positive } from "../../connection/options.ts";
import { ConfigError, StateError } from "../../errors.ts";
import { showValue } from "../../internal/show.ts";
import type { JobDefinitions } from "../../job/catalogue.ts";
import type { KnownJobs } from "../../job/known_jobs.ts";
import type { HandlerArgs, HandlerKey } from "../../job/typed.ts";
import type { Handler } from "../handler.ts";
import type { Limit } from "../fetch/limit.ts";
import { CHECK_MODULE } from "../isolated/module_url.ts";
import { checkLimit } from "../fetch/limits.ts";
import type { ConsumerMiddleware } from "../middleware.ts";
import { calling, checked, type Runner, within } from "./invoke.ts";

/** Options of `Consumer.register`; the limits are of the jobs of this type. */
export interface HandlerOptions extends Limit {
  /**
   * How long a job of this type may take before its `signal` is aborted, in milliseconds. The number `timeoutMs` in a job's
   * `custom` is used instead.
   *
   * @default none
   */
  readonly timeoutMs?: number | undefined;
}

const HANDLER_OPTIONS = {
  concurrency: true,
  perSecond: true,
  timeoutMs: true,
} as const satisfies OptionNames<HandlerOptions>;

/**
 * The handler and options that `Consumer.register` takes: for a type of the catalogue, or without one for these arguments.
 *
 * One type for both: otherwise a consumer with a catalogue could not be used as one without.
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

/** A registered handler. */
export interface Registered {
  readonly run: Runner;
  readonly timeoutMs: number | undefined;
  readonly limit: Limit | undefined;
}

/** The handlers of a consumer, and the middleware around them. */
export class Registry {
  readonly #handlers = new Map<string, Registered>();
  readonly #layered = new Map<string, Registered>();
  readonly #middleware: ConsumerMiddleware[] = [];
  readonly #known: KnownJobs | undefined;
  #hasLimits = false;

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
    checkOptionNames(options, HANDLER_OPTIONS, "register");
    (handler as Partial<Record<typeof CHECK_MODULE, () => void>>)[CHECK_MODULE]?.();
    const timeoutMs = options.timeoutMs === undefined
      ? undefined
      : positive("timeoutMs", options.timeoutMs, 0);
    const limit = limitOf(handler as Handler & Limit, checkLimit("", options));
    this.#handlers.set(type, { run: calling(handler as Handler), timeoutMs, limit });
    this.#layered.delete(type);
    this.#hasLimits = [...this.#handlers.values()].some(({ limit }) => limit !== undefined);
  }

  /** @throws {ConfigError} `INVALID_OPTION`. */
  use(middleware: unknown): void {
    if (typeof middleware !== "function") {
      throw invalidOption("middleware", "a function", middleware);
    }
    this.#middleware.push(middleware as ConsumerMiddleware);
    this.#layered.clear();
  }

  /** The types that have a handler. */
  get types(): Iterable<string> {
    return this.#handlers.keys();
  }

  /** Whether the jobs of any type are limited. */
  get hasLimits(): boolean {
    return this.#hasLimits;
  }

  /** The limit of the jobs of this type; the same object until another handler is registered. */
  limitOf(type: string): Limit | undefined {
    return this.#handlers.get(type)?.limit;
  }

  /** Runs the jobs of this type: checks their arguments, then calls middleware and handler. */
  find(type: string): Registered | undefined {
    const own = this.#handlers.get(type);
    if (own === undefined || (this.#middleware.length === 0 && this.#known === undefined)) {
      return own;
    }
    let layered = this.#layered.get(type);
    if (layered === undefined) {
      layered = { ...own, run: this.#layer(type, own.run) };
      this.#layered.set(type, layered);
    }
    return layered;
  }

  #layer(type: string, run: Runner): Runner {
    const layered = this.#middleware.length === 0 ? run : within([...this.#middleware], run);
    const schema = this.#known?.schemaOf(type);
    return schema === undefined ? layered : checked(schema, layered);
  }
}

/** The limit of the options, else that of the handler: `isolated` has one. */
function limitOf(handler: Handler & Limit, { concurrency, perSecond }: Limit): Limit | undefined {
  const own = Number.isInteger(handler.concurrency) ? handler.concurrency : undefined;
  const most = concurrency ?? own;
  return most === undefined && perSecond === undefined
    ? undefined
    : { concurrency: most, perSecond };
}

/** Runs jobs whose type has no handler. */
export const NOT_REGISTERED: Pick<Registered, "run" | "timeoutMs"> = {
  timeoutMs: undefined,
  run({ jid, type }) {
    throw new StateError(
      "NOT_REGISTERED",
      `Cannot run job ${jid} as no handler is registered for its type ${JSON.stringify(type)}`,
    );
  },
};
