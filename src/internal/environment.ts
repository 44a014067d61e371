/**
 * The one place that asks the runtime about the program's surroundings. Everything may be missing
 * (an edge runtime, or a permission that was not given), so each answer can be `undefined`.
 */

interface ProcessLike {
  readonly pid?: number;
  readonly env?: Record<string, string | undefined>;
  readonly versions?: Record<string, string | undefined>;
  memoryUsage?: { (): { rss: number }; rss?(): number };
  getBuiltinModule?(name: string): unknown;
}

/** What a program of Deno is permitted, of what is asked for here. */
type PermissionDescriptor =
  | { readonly name: "env"; readonly variable?: string }
  | { readonly name: "read"; readonly path: string }
  | { readonly name: "write"; readonly path: string }
  | { readonly name: "run"; readonly command: string }
  | { readonly name: "sys"; readonly kind: "hostname" };

interface Surroundings {
  readonly process?: ProcessLike;
  readonly Deno?: {
    readonly version?: unknown;
    readonly build?: { readonly standalone?: boolean };
    readonly mainModule?: string;
    readonly permissions?: {
      querySync?(descriptor: PermissionDescriptor): { readonly state: string };
    };
    hostname?(): string;
  };
  readonly Bun?: { readonly main?: string; readonly isStandaloneExecutable?: boolean };
  readonly navigator?: { readonly userAgent?: string; readonly hardwareConcurrency?: number };
}

const surroundings = globalThis as unknown as Surroundings;

/** Answers `undefined` where the runtime refuses, for example for want of a permission. */
function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/**
 * Whether the program may do this without asking anybody. Deno alone has such permissions; where
 * one is neither given nor denied, using it would stop the program and ask whoever sits at the
 * terminal.
 */
function isPermitted(descriptor: PermissionDescriptor): boolean {
  const permissions = surroundings.Deno?.permissions;
  return permissions?.querySync === undefined ||
    permissions.querySync(descriptor).state === "granted";
}

/** Ends the process. */
export interface Exits {
  exit(code?: unknown): never;
}

/** The functions that programs call to end the process, by the objects that have them. */
export function exits(): readonly { readonly owner: Exits; readonly name: string }[] {
  const { process, Deno } = surroundings as { readonly process?: Exits; readonly Deno?: Exits };
  return [["process.exit", process], ["Deno.exit", Deno]].flatMap(([name, owner]) =>
    owner === undefined ? [] : [{ name: name as string, owner: owner as Exits }]
  );
}

/** The runtimes that have an adapter. */
export type Runtime = "deno" | "bun" | "node" | "workerd";

/** Which runtime this is; `undefined` for one that is not known. */
export function runtime(): Runtime | undefined {
  // The order counts: Deno, Bun and workerd have a `process` as well.
  if (surroundings.Deno?.version !== undefined) return "deno";
  if (surroundings.Bun !== undefined) return "bun";
  if (surroundings.navigator?.userAgent === "Cloudflare-Workers") return "workerd";
  if (surroundings.process?.versions?.["node"] !== undefined) return "node";
  return undefined;
}

/** Folders that Bun has within an executable file that it compiled. */
const IN_EXECUTABLE = /^(\/\$bunfs|B:[\\/]~BUN)[\\/]/;

/**
 * Whether this program is one executable file, made by `bun build --compile`, by `deno compile` or
 * as Node makes them.
 */
export function isExecutable(): boolean {
  const { Deno, Bun } = surroundings;
  return Deno?.build?.standalone === true || Bun?.isStandaloneExecutable === true ||
    IN_EXECUTABLE.test(Bun?.main ?? "") ||
    attempt(() => builtinModule<{ isSea(): boolean }>("node:sea")?.isSea()) === true;
}

/** An environment variable; `undefined` also where the program may not read it. */
export function environmentVariable(name: string): string | undefined {
  return mayReadVariable(name) ? attempt(() => surroundings.process?.env?.[name]) : undefined;
}

/** Whether the program may write below this path, without anybody being asked. */
export function mayWrite(path: string): boolean {
  return isPermitted({ name: "write", path });
}

/** Whether the program may read an environment variable, without anybody being asked. */
export function mayReadVariable(name: string): boolean {
  return isPermitted({ name: "env", variable: name });
}

/** Whether the program may read all environment variables, without anybody being asked. */
export function mayReadAllVariables(): boolean {
  return isPermitted({ name: "env" });
}

/** Whether the program may read a file, without anybody being asked. */
export function mayReadFile(path: string): boolean {
  return isPermitted({ name: "read", path });
}

/** Whether the program may start another one, without anybody being asked. */
export function mayRun(command: string): boolean {
  return isPermitted({ name: "run", command });
}

/** This process's id. */
export function processId(): number | undefined {
  return attempt(() => surroundings.process?.pid);
}

/** The resident memory of this process, in KiB. */
export function residentKib(): number | undefined {
  const bytes = attempt(() => {
    const usage = surroundings.process?.memoryUsage;
    return usage?.rss?.() ?? usage?.().rss;
  });
  return bytes === undefined ? undefined : Math.round(bytes / 1024);
}

/** What Deno was told to run, as it was told: a URL, `npm:` and `jsr:` ones included. */
export function denoMainModule(): string | undefined {
  return attempt(() => surroundings.Deno?.mainModule);
}

/**
 * A module that comes with the runtime, such as `node:crypto`, without a static import that
 * bundlers would trip over.
 */
export function builtinModule<T>(name: string): T | undefined {
  return attempt(() => surroundings.process?.getBuiltinModule?.(name) as T | undefined);
}

/**
 * Loads a module that comes with the runtime, where it may be loaded by `import()` only, such as
 * `cloudflare:sockets`.
 *
 * The name is a parameter and the comments are there for bundlers: they fail on a literal name that
 * their target does not have, and on `name as string` too, as the cast is gone from the JavaScript
 * that they read.
 */
export async function importBuiltin<T>(name: string): Promise<T> {
  return builtinModule<T>(name) ?? await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
}

/**
 * A value that every copy of this module in this thread shares, however often a bundler or a hot
 * reload has made another one; `make` makes it the first time.
 */
export function shared<T>(name: string, make: () => T): T {
  const symbol = Symbol.for(`@faktory-ts/faktory/${name}`);
  return (globalThis as unknown as Record<symbol, T>)[symbol] ??= make();
}

/** This machine's name; `undefined` also where the program may not read it. */
export function machineName(): string | undefined {
  const given = isPermitted({ name: "sys", kind: "hostname" })
    ? attempt(() => surroundings.Deno?.hostname?.()) ??
      attempt(() => builtinModule<{ hostname(): string }>("node:os")?.hostname())
    : undefined;
  return given ?? environmentVariable("HOSTNAME");
}

/** How many cores this machine has. */
export function coreCount(): number | undefined {
  return attempt(() => surroundings.navigator?.hardwareConcurrency) ??
    attempt(() =>
      builtinModule<{ availableParallelism(): number }>("node:os")?.availableParallelism()
    );
}
