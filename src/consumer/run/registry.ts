import { checkOptionNames, type OptionNames } from "../../internal/option_names.ts";
import { invalidOption, positive } from "../../connection/options.ts";
import { ConfigError, StateError } from "../../errors.ts";
import { showValue } from "../../internal/show.ts";
import type { JobDefinitions } from "../../job/catalogue.ts";
import { checkPolicy, type FailurePolicy } from "../../job/failure_policy.ts";
import type { Job } from "../../job/job.ts";
import type { JobCatalogue } from "../../job/job_catalogue.ts";
import type { HandlerArgs, HandlerKey, JobArgs } from "../../job/typed.ts";
import type { Handler, JobContext } from "../handler.ts";
import type { Limit } from "../fetch/limit.ts";
import { CHECK_MODULE } from "../isolated/module_url.ts";
import { checkLimit } from "../fetch/limits.ts";
import type { ConsumerMiddleware } from "../middleware.ts";
import { handlerRunner, type Runner, withMiddleware, withSchema } from "./invoke.ts";

/** Options of `Consumer.register`. The limits apply to the jobs of this type. */
export interface HandlerOptions<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  Jobs extends JobDefinitions = JobDefinitions,
  Type extends string = string,
> extends Limit, Omit<FailurePolicy<Args, Type>, "onDead"> {
  /**
   * Time after which the `signal` of a job of this type is aborted, in milliseconds. The number
   * `timeoutMs` in a job's `custom` takes precedence.
   *
   * @default no limit
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Called when a job failed for the last time, before the failure is reported: no retries are
   * left, the job was killed, or its `retry` is 0. It runs in the job's slot, and the report (FAIL)
   * waits for it. It is called at least once: if the worker crashes before the report, the job runs
   * again. If it throws, the consumer emits `listenerError` and still reports the job.
   *
   * The job has its original arguments, which its schema may have refused. The `signal` of the
   * context may be aborted already. It is not called if the worker is lost, the reservation ends,
   * or a stop does not wait any longer.
   *
   * @default nothing
   */
  readonly onDead?: OnDead<Args, Jobs, Type> | undefined;
}

/** The names of the options of `register`. */
export const HANDLER_OPTIONS = {
  concurrency: true,
  perSecond: true,
  timeoutMs: true,
  backoff: true,
  onDead: true,
  deadLetter: true,
} as const satisfies OptionNames<HandlerOptions>;

/** A function that is called when a job failed for the last time; see `HandlerOptions.onDead`. */
export type OnDead<
  // deno-lint-ignore no-explicit-any
  Args extends readonly unknown[] | [] = any,
  Jobs extends JobDefinitions = JobDefinitions,
  Type extends string = string,
> = (job: Job<Args, Type>, error: unknown, context: JobContext<Jobs>) => unknown;

/**
 * The handler and options that `Consumer.register` accepts. `Key` is a type of the catalogue or,
 * without a catalogue, the types of the arguments.
 *
 * One type for both cases, because otherwise a consumer with a catalogue could not be used where
 * one without is expected.
 */
export type HandlerAndOptions<
  Jobs extends JobDefinitions,
  Key extends HandlerKey<Jobs>,
> = string extends keyof Jobs ? [
    handler: Handler<Key extends readonly unknown[] | [] ? Key : never>,
    options?: HandlerOptions<Key extends readonly unknown[] | [] ? Key : never>,
  ]
  : [
    handler: Key extends keyof Jobs & string ? Handler<HandlerArgs<Jobs, Key>, Jobs, Key> : never,
    options?: Key extends keyof Jobs & string ? HandlerOptions<JobArgs<Jobs, Key>, Jobs, Key>
      : never,
  ];

/** Prefix of the types of jobs that this package enqueues for itself. They are in no catalogue. */
const INTERNAL_TYPES = "faktory.";

/** A registered handler. */
export interface RegisteredHandler {
  readonly run: Runner;
  readonly timeoutMs: number | undefined;
  readonly limit: Limit | undefined;
  /** Options for failed jobs, if there are any. */
  readonly failures: FailurePolicy | undefined;
}

/** The handlers of a consumer, and the middleware around them. */
export class Registry {
  readonly #handlers = new Map<string, RegisteredHandler>();
  readonly #wrapped = new Map<string, RegisteredHandler>();
  readonly #middleware: ConsumerMiddleware[] = [];
  readonly #catalogue: JobCatalogue | undefined;
  #hasLimits = false;

  constructor(catalogue?: JobCatalogue) {
    this.#catalogue = catalogue;
  }

  /** @throws {ConfigError} `INVALID_OPTION`. */
  register(type: unknown, handler: unknown, options: HandlerOptions): void {
    if (typeof type !== "string" || type === "") {
      throw new ConfigError(
        "INVALID_OPTION",
        `Cannot register a handler as its job type is not a non-empty string: got ${
          showValue(type)
        }`,
      );
    }
    if (this.#catalogue?.has(type) === false && !type.startsWith(INTERNAL_TYPES)) {
      throw new ConfigError(
        "INVALID_OPTION",
        `Cannot register a handler as its job type is not in the catalogue: got ${showValue(type)}${
          this.#catalogue.hint(type)
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
    const failures = checkPolicy(type, {
      ...this.#catalogue?.failuresOf(type),
      ...setOptions(options),
    });
    this.#handlers.set(type, {
      run: handlerRunner(handler as Handler),
      timeoutMs,
      limit,
      failures,
    });
    this.#wrapped.delete(type);
    this.#hasLimits = [...this.#handlers.values()].some(({ limit }) => limit !== undefined);
  }

  /** @throws {ConfigError} `INVALID_OPTION`. */
  use(middleware: unknown): void {
    if (typeof middleware !== "function") {
      throw invalidOption("middleware", "a function", middleware);
    }
    this.#middleware.push(middleware as ConsumerMiddleware);
    this.#wrapped.clear();
  }

  /** The types that have a handler. */
  get types(): Iterable<string> {
    return this.#handlers.keys();
  }

  /** True if a handler has limits. */
  get hasLimits(): boolean {
    return this.#hasLimits;
  }

  /** Returns the limit of a type: the same object until its handler is replaced. */
  limitOf(type: string): Limit | undefined {
    return this.#handlers.get(type)?.limit;
  }

  /**
   * Returns the runner of a type: it validates the arguments, then calls middleware and handler.
   */
  find(type: string): RegisteredHandler | undefined {
    const registered = this.#handlers.get(type);
    if (
      registered === undefined || (this.#middleware.length === 0 && this.#catalogue === undefined)
    ) {
      return registered;
    }
    let wrapped = this.#wrapped.get(type);
    if (wrapped === undefined) {
      wrapped = { ...registered, run: this.#wrap(type, registered.run) };
      this.#wrapped.set(type, wrapped);
    }
    return wrapped;
  }

  #wrap(type: string, run: Runner): Runner {
    const wrapped = this.#middleware.length === 0
      ? run
      : withMiddleware([...this.#middleware], run);
    const schema = this.#catalogue?.schemaOf(type);
    return schema === undefined ? wrapped : withSchema(schema, wrapped);
  }
}

/** Returns the failure options that are set. */
function setOptions({ backoff, onDead, deadLetter }: HandlerOptions): FailurePolicy {
  return {
    ...backoff !== undefined && { backoff },
    ...onDead !== undefined && { onDead: onDead as FailurePolicy["onDead"] },
    ...deadLetter !== undefined && { deadLetter },
  };
}

/** Returns the limit in the options, or else that of the handler: an `isolated` handler has one. */
function limitOf(handler: Handler & Limit, { concurrency, perSecond }: Limit): Limit | undefined {
  const ofHandler = Number.isInteger(handler.concurrency) ? handler.concurrency : undefined;
  const max = concurrency ?? ofHandler;
  return max === undefined && perSecond === undefined ? undefined : { concurrency: max, perSecond };
}

/** The runner for jobs whose type has no handler. */
export const NOT_REGISTERED: Pick<RegisteredHandler, "run" | "timeoutMs" | "failures"> = {
  timeoutMs: undefined,
  failures: undefined,
  run({ jid, type }) {
    throw new StateError(
      "NOT_REGISTERED",
      `Cannot run job ${jid} as no handler is registered for its type ${JSON.stringify(type)}`,
    );
  },
};
