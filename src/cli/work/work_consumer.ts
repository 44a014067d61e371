import { Consumer, type ConsumerOptions } from "../../../mod.ts";
import { FaktoryError } from "../../errors.ts";
import { showText } from "../../internal/show.ts";
import { CliError } from "../failure.ts";
import { Status } from "../status.ts";
import type { WorkModule } from "./exports.ts";
import { brokenModule } from "./load.ts";
import type { NamedModule } from "./locate.ts";

/** A consumer that knows which types it was given handlers for, and by which module. */
export class WorkConsumer extends Consumer {
  /** Jobs that it runs at the same time. */
  readonly concurrency: number;
  readonly #modules = new Map<string, NamedModule>();
  #module: NamedModule | undefined;

  private constructor(options: ConsumerOptions) {
    super(options);
    this.concurrency = options.concurrency ?? 10;
  }

  /** The types that have a handler. */
  get types(): readonly string[] {
    return [...this.#modules.keys()].sort();
  }

  /**
   * Makes a consumer of modules; `options` go before those that modules have, but for the logger.
   *
   * @throws {CliError} where a module's part cannot be used.
   */
  static async of(modules: readonly WorkModule[], options: ConsumerOptions): Promise<WorkConsumer> {
    const own = joined(modules);
    // What is wrong with a flag is to be told as such, so the modules' options are tried by
    // themselves.
    checkOptions(modules, own);
    const consumer = new WorkConsumer({
      ...own,
      ...defined(options),
      // What happens to the consumer, the command tells in its own words.
      ...own.logger === undefined
        ? { logger: options.logger, logLevel: "none" }
        : { logger: own.logger },
    });
    for (const module of modules) await consumer.#take(module);
    return consumer;
  }

  override register(...[type, handler, options]: Parameters<Consumer["register"]>): this {
    const other = this.#modules.get(type);
    const module = this.#module;
    super.register(type, handler, options);
    if (module !== undefined) {
      if (other !== undefined && other !== module) {
        throw twice(`a handler for ${showText(type)}`, other, module);
      }
      this.#modules.set(type, module);
    }
    return this;
  }

  async #take({ module, handlers, configure, middleware }: WorkModule): Promise<void> {
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
        ? unusable(module, error)
        : await brokenModule(module, error);
    }
    if (this.types.length > before) return;
    throw new CliError(
      Status.data,
      `Cannot use ${showText(module.name)} as its function registers no handler`,
      "call consumer.register in it",
    );
  }
}

/** The options and the catalogue of all modules; none may have what another has. */
function joined(modules: readonly WorkModule[]): ConsumerOptions {
  const owners = new Map<string, NamedModule>();
  let all: ConsumerOptions = {};
  for (const { module, options, jobs } of modules) {
    const more: Record<string, unknown> = { ...options };
    const catalogue = jobs ?? options.jobs;
    // Modules may well share a catalogue.
    if (catalogue !== undefined && catalogue !== all.jobs) more["jobs"] = catalogue;
    else delete more["jobs"];
    for (const name of Object.keys(more)) {
      const other = owners.get(name);
      const what = name === "jobs" ? "a catalogue" : `the option ${showText(name)}`;
      if (other !== undefined) throw twice(what, other, module);
      owners.set(name, module);
    }
    all = { ...all, ...more };
  }
  // Signals are the command's, as is the moment when it stops.
  return { ...all, handleSignals: false, signal: undefined };
}

/** @throws {CliError} where a consumer cannot be made with what the modules say. */
function checkOptions(modules: readonly WorkModule[], options: ConsumerOptions): void {
  try {
    new Consumer(options);
  } catch (error) {
    if (!(error instanceof FaktoryError)) throw error;
    const names = modules.map(({ module }) => showText(module.name)).join(", ");
    throw new CliError(Status.data, `Cannot use ${names}: ${error.message}`, "mend the module");
  }
}

function unusable({ name }: NamedModule, { message }: FaktoryError): CliError {
  return new CliError(Status.data, `Cannot use ${showText(name)}: ${message}`, "mend the module");
}

function twice(what: string, first: NamedModule, second: NamedModule): CliError {
  const names = `${showText(first.name)} and ${showText(second.name)}`;
  return new CliError(
    Status.data,
    `Cannot use ${names} together as both have ${what}`,
    "leave one out",
  );
}

function defined<T extends object>(options: T): Partial<T> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<T>;
}
