import type {
  ConsumerMiddleware,
  ConsumerOptions,
  JobDefinitions,
  Producer,
} from "../../../../mod.ts";
import { showText, showValue } from "../../../internal/show.ts";
import { CliError } from "../../failure.ts";
import { Status } from "../../status.ts";
import type { NamedModule } from "./locate.ts";

/** The exports of a module, not yet checked by a consumer. */
export interface WorkModule {
  readonly module: NamedModule;
  /** Handlers by type, with their options. */
  readonly handlers: readonly (readonly [type: string, handler: unknown, options: object])[];
  /** Registers handlers on the consumer. */
  readonly configure: ((consumer: unknown) => unknown) | undefined;
  readonly jobs: JobDefinitions | undefined;
  readonly middleware: readonly ConsumerMiddleware[];
  readonly options: ConsumerOptions;
  /** Recurring jobs to push while the consumer runs. */
  readonly schedule: WorkSchedule | undefined;
  /** Called after the consumer has ended. */
  readonly teardown: (() => unknown) | undefined;
}

/**
 * The part of a `Schedule` from `./cron` that the command uses. It may come from another copy of
 * the package.
 */
export interface WorkSchedule {
  readonly name: string;
  readonly entries: readonly string[];
  run(producer: Producer): Promise<void>;
  stop(): Promise<void>;
  on(event: "error", listener: (detail: { readonly error: unknown }) => void): () => void;
}

type Exports = Readonly<Record<string, unknown>>;

/** Options of a handler, next to `handler`. */
const HANDLER_OPTIONS: readonly string[] = [
  ...["concurrency", "perSecond", "timeoutMs"],
  ...["backoff", "onDead", "deadLetter"],
];

const FORM = "export default { resize: (job) => .. }";

/**
 * Reads the exports of a module.
 *
 * @throws {CliError} if they are not those of a module of handlers.
 */
export function readExports(module: NamedModule, loaded: Exports): WorkModule {
  const exports = unwrapCommonJs(loaded);
  const { default: main, handlers, jobs, middleware = [], options = {}, schedule, teardown } =
    exports;
  const refuse = (reason: string, hint = `write ${FORM}`) => {
    return new CliError(Status.data, `Cannot use ${showText(module.name)} as ${reason}`, hint);
  };
  const isFunction = typeof main === "function";
  if (main !== undefined && !isFunction && !isObject(main)) {
    throw refuse(
      `its default export is neither an object of handlers nor a function: got ${showValue(main)}`,
    );
  }
  if (handlers !== undefined && !isObject(handlers)) {
    throw refuse(`its export "handlers" is not an object: got ${showValue(handlers)}`);
  }
  if (jobs !== undefined && !isObject(jobs)) {
    throw refuse(
      `its export "jobs" is not a catalogue: got ${showValue(jobs)}`,
      "create it with defineJobs",
    );
  }
  if (!Array.isArray(middleware) || !middleware.every((one) => typeof one === "function")) {
    throw refuse('its export "middleware" is not an array of functions', "export an array");
  }
  if (!isObject(options)) {
    throw refuse(
      `its export "options" is not an object: got ${showValue(options)}`,
      "export an object",
    );
  }
  if (schedule !== undefined && !isSchedule(schedule)) {
    throw refuse(
      `its export "schedule" is not a Schedule: got ${showValue(schedule)}`,
      "create it with new Schedule from the entry ./cron",
    );
  }
  if (teardown !== undefined && typeof teardown !== "function") {
    throw refuse(
      `its export "teardown" is not a function: got ${showValue(teardown)}`,
      "export a function",
    );
  }
  const all = [main, handlers].filter(isObject).flatMap((object) => Object.entries(object))
    .map(([type, value]) => handlerOf(type, value, refuse));
  if (!isFunction && all.length === 0) throw refuse("it exports no handler", hintFor(exports));
  return {
    module,
    handlers: all,
    configure: isFunction ? main as WorkModule["configure"] : undefined,
    jobs: jobs as JobDefinitions | undefined,
    middleware: middleware as ConsumerMiddleware[],
    options,
    schedule,
    teardown: teardown as WorkModule["teardown"],
  };
}

function handlerOf(
  type: string,
  value: unknown,
  refuse: (reason: string, hint?: string) => CliError,
): WorkModule["handlers"][number] {
  if (typeof value === "function") return [type, value, {}];
  const { handler, ...options } = (isObject(value) ? value : {}) as Exports;
  if (typeof handler !== "function") {
    throw refuse(
      `its handler ${showText(type)} is neither a function nor { handler, .. }: got ${
        showValue(value)
      }`,
    );
  }
  const unknown = Object.keys(options).find((name) => !HANDLER_OPTIONS.includes(name));
  if (unknown === undefined) return [type, handler, options];
  throw refuse(
    `its handler ${showText(type)} has an unknown option ${showText(unknown)}`,
    `the options are ${HANDLER_OPTIONS.join(", ")}`,
  );
}

/** Helps users who export functions only by name. */
function hintFor(exports: Exports): string {
  const [name] =
    Object.entries(exports).find(([name, value]) =>
      typeof value === "function" && name !== "teardown"
    ) ?? [];
  return name === undefined ? `write ${FORM}` : `add export default { ${name} }`;
}

/** Unwraps CommonJS, where the default export may contain all exports. */
function unwrapCommonJs(exports: Exports): Exports {
  const { default: main } = exports;
  if (!isObject(main)) return exports;
  const isCommonJs = main["__esModule"] === true ||
    (exports["handlers"] !== undefined && main["handlers"] === exports["handlers"]);
  return isCommonJs ? main : exports;
}

function isSchedule(value: unknown): value is WorkSchedule {
  const { entries, run, stop, on } = Object(value);
  return Array.isArray(entries) && [run, stop, on].every((method) => typeof method === "function");
}

function isObject(value: unknown): value is Exports {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
