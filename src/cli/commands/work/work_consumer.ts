import { Consumer, type ConsumerOptions } from "../../../../mod.ts";
import { FaktoryError } from "../../../errors.ts";
import { showText } from "../../../internal/show.ts";
import { CliError } from "../../failure.ts";
import { Status } from "../../status.ts";
import type { WorkModule } from "./exports.ts";
import { moduleError } from "./load.ts";
import type { NamedModule } from "./locate.ts";

/** A consumer that records which module registered each handler. */
export class WorkConsumer extends Consumer {
  /** Maximum number of running jobs. */
  readonly concurrency: number;
  readonly #modules = new Map<string, NamedModule>();
  #module: NamedModule | undefined;

  private constructor(options: ConsumerOptions) {
    super(options);
    this.concurrency = options.concurrency ?? 10;
  }

  /** The types with a handler. */
  get types(): readonly string[] {
    return [...this.#modules.keys()].sort();
  }

  /**
   * Creates a consumer from modules. `options` override those of the modules, except for the
   * logger.
   *
   * @throws {CliError} if a part of a module is invalid.
   */
  static async of(modules: readonly WorkModule[], options: ConsumerOptions): Promise<WorkConsumer> {
    const own = mergeOptions(modules);
    // Errors of flags must be reported as such, so the modules' options are checked separately.
    checkOptions(modules, own);
    const consumer = new WorkConsumer({
      ...own,
      ...withoutUndefined(options),
      // The command logs the consumer's events itself.
      ...own.logger === undefined
        ? { logger: options.logger, logLevel: "none" }
        : { logger: own.logger },
    });
    for (const module of modules) await consumer.#addModule(module);
    return consumer;
  }

  override register(...[type, handler, options]: Parameters<Consumer["register"]>): this {
    const other = this.#modules.get(type);
    const module = this.#module;
    super.register(type, handler, options);
    if (module !== undefined) {
      if (other !== undefined && other !== module) {
        throw conflictError(`a handler for ${showText(type)}`, other, module);
      }
      this.#modules.set(type, module);
    }
    return this;
  }

  async #addModule({ module, handlers, configure, middleware }: WorkModule): Promise<void> {
    this.#module = module;
    const before = this.types.length;
    try {
      for (const layer of middleware) this.use(layer);
      for (const [type, handler, options] of handlers) {
        this.register(type, handler as () => unknown, options);
      }
      await configure?.(this);
    } catch (error) {
      throw error instanceof FaktoryError
        ? unusableError(module, error)
        : await moduleError(module, error);
    }
    if (this.types.length > before) return;
    throw new CliError(
      Status.data,
      `Cannot use ${showText(module.name)} as its function registers no handler`,
      "call consumer.register in it",
    );
  }
}

/** Merges the options and catalogues of all modules. Each may be set by one module only. */
function mergeOptions(modules: readonly WorkModule[]): ConsumerOptions {
  const owners = new Map<string, NamedModule>();
  let all: ConsumerOptions = {};
  for (const { module, options, jobs } of modules) {
    const more: Record<string, unknown> = { ...options };
    const catalogue = jobs ?? options.jobs;
    // Modules may share a catalogue.
    if (catalogue !== undefined && catalogue !== all.jobs) more["jobs"] = catalogue;
    else delete more["jobs"];
    for (const name of Object.keys(more)) {
      const other = owners.get(name);
      const what = name === "jobs" ? "a catalogue" : `the option ${showText(name)}`;
      if (other !== undefined) throw conflictError(what, other, module);
      owners.set(name, module);
    }
    all = { ...all, ...more };
  }
  // The command handles signals and decides when to stop.
  return { ...all, handleSignals: false, signal: undefined };
}

/** @throws {CliError} if the modules' options are invalid. */
function checkOptions(modules: readonly WorkModule[], options: ConsumerOptions): void {
  try {
    new Consumer(options);
  } catch (error) {
    if (!(error instanceof FaktoryError)) throw error;
    const names = modules.map(({ module }) => showText(module.name)).join(", ");
    throw new CliError(Status.data, `Cannot use ${names}: ${error.message}`, "fix the module");
  }
}

function unusableError({ name }: NamedModule, { message }: FaktoryError): CliError {
  return new CliError(Status.data, `Cannot use ${showText(name)}: ${message}`, "fix the module");
}

function conflictError(what: string, first: NamedModule, second: NamedModule): CliError {
  const names = `${showText(first.name)} and ${showText(second.name)}`;
  return new CliError(
    Status.data,
    `Cannot use ${names} together as both have ${what}`,
    "remove one of them",
  );
}

function withoutUndefined<T extends object>(options: T): Partial<T> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<T>;
}
