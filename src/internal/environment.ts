/**
 * Access to the runtime and the process. No other module may use these globals. Everything may be
 * missing, in an edge runtime or without a permission, so each result can be `undefined`.
 */

interface ProcessLike {
  readonly pid?: number;
  readonly env?: Record<string, string | undefined>;
  readonly versions?: Record<string, string | undefined>;
  memoryUsage?: { (): { rss: number }; rss?(): number };
  getBuiltinModule?(name: string): unknown;
}

/** Deno's permissions that are queried here. */
type PermissionDescriptor =
  | { readonly name: "env"; readonly variable?: string }
  | { readonly name: "read"; readonly path: string }
  | { readonly name: "write"; readonly path: string }
  | { readonly name: "run"; readonly command: string }
  | { readonly name: "sys"; readonly kind: "hostname" };

interface RuntimeGlobals {
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

const globals = globalThis as unknown as RuntimeGlobals;

/** Returns the result of `ask`; `undefined` if it throws, for example without a permission. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * Returns true if the program may do this without a prompt. Only Deno has permissions. If one is
 * neither granted nor denied, using it stops the program and asks the user.
 */
function isPermitted(descriptor: PermissionDescriptor): boolean {
  const permissions = globals.Deno?.permissions;
  return permissions?.querySync === undefined ||
    permissions.querySync(descriptor).state === "granted";
}

/** An object with a function that ends the process. */
export interface Exits {
  exit(code?: unknown): never;
}

/** Returns the functions that programs call to end the process, with the objects that have them. */
export function exits(): readonly { readonly owner: Exits; readonly name: string }[] {
  const { process, Deno } = globals as { readonly process?: Exits; readonly Deno?: Exits };
  return [["process.exit", process], ["Deno.exit", Deno]].flatMap(([name, owner]) =>
    owner === undefined ? [] : [{ name: name as string, owner: owner as Exits }]
  );
}

/** The runtimes that this package has a transport for. */
export type Runtime = "deno" | "bun" | "node" | "workerd";

/** Returns the runtime; `undefined` if it is unknown. */
export function runtime(): Runtime | undefined {
  // The order matters: Deno, Bun and workerd have a `process` too.
  if (globals.Deno?.version !== undefined) return "deno";
  if (globals.Bun !== undefined) return "bun";
  if (globals.navigator?.userAgent === "Cloudflare-Workers") return "workerd";
  if (globals.process?.versions?.["node"] !== undefined) return "node";
  return undefined;
}

/** Folders inside an executable that Bun compiled. */
const IN_EXECUTABLE = /^(\/\$bunfs|B:[\\/]~BUN)[\\/]/;

/**
 * Returns true if the program is a single executable, made by `bun build --compile`, `deno
 * compile`, or Node's own way.
 */
export function isExecutable(): boolean {
  const { Deno, Bun } = globals;
  return Deno?.build?.standalone === true || Bun?.isStandaloneExecutable === true ||
    IN_EXECUTABLE.test(Bun?.main ?? "") ||
    orUndefined(() => builtinModule<{ isSea(): boolean }>("node:sea")?.isSea()) === true;
}

/** Returns an environment variable; also `undefined` if the program may not read it. */
export function environmentVariable(name: string): string | undefined {
  return mayReadVariable(name) ? orUndefined(() => globals.process?.env?.[name]) : undefined;
}

/** Returns true if the program may write below this path without a prompt. */
export function mayWrite(path: string): boolean {
  return isPermitted({ name: "write", path });
}

/** Returns true if the program may read an environment variable without a prompt. */
export function mayReadVariable(name: string): boolean {
  return isPermitted({ name: "env", variable: name });
}

/** Returns true if the program may read all environment variables without a prompt. */
export function mayReadAllVariables(): boolean {
  return isPermitted({ name: "env" });
}

/** Returns true if the program may read a file without a prompt. */
export function mayReadFile(path: string): boolean {
  return isPermitted({ name: "read", path });
}

/** Returns true if the program may start another program without a prompt. */
export function mayRun(command: string): boolean {
  return isPermitted({ name: "run", command });
}

/** Returns the id of this process. */
export function processId(): number | undefined {
  return orUndefined(() => globals.process?.pid);
}

/** Returns the resident memory of this process, in KiB. */
export function residentKib(): number | undefined {
  const bytes = orUndefined(() => {
    const usage = globals.process?.memoryUsage;
    return usage?.rss?.() ?? usage?.().rss;
  });
  return bytes === undefined ? undefined : Math.round(bytes / 1024);
}

/**
 * Returns the main module as it was passed to Deno: a URL, which may begin with `npm:` or `jsr:`.
 */
export function denoMainModule(): string | undefined {
  return orUndefined(() => globals.Deno?.mainModule);
}

/**
 * Returns a module of the runtime, such as `node:crypto`, without a static import, which some
 * bundlers cannot handle.
 */
export function builtinModule<T>(name: string): T | undefined {
  return orUndefined(() => globals.process?.getBuiltinModule?.(name) as T | undefined);
}

/**
 * Loads a module of the runtime that may only be available by `import()`, such as
 * `cloudflare:sockets`.
 *
 * The name is a parameter, and the comments are there, because bundlers fail on a literal name that
 * their target does not have. A cast such as `name as string` does not help, as it is gone in the
 * JavaScript that they read.
 */
export async function importBuiltin<T>(name: string): Promise<T> {
  return builtinModule<T>(name) ?? await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
}

/**
 * Returns a value that all copies of this module in this thread share, even if a bundler or a hot
 * reload created several. `make` creates it the first time.
 */
export function shared<T>(name: string, make: () => T): T {
  const symbol = Symbol.for(`@faktory-ts/faktory/${name}`);
  return (globalThis as unknown as Record<symbol, T>)[symbol] ??= make();
}

/** Returns the name of this machine; also `undefined` if the program may not read it. */
export function machineName(): string | undefined {
  const given = isPermitted({ name: "sys", kind: "hostname" })
    ? orUndefined(() => globals.Deno?.hostname?.()) ??
      orUndefined(() => builtinModule<{ hostname(): string }>("node:os")?.hostname())
    : undefined;
  return given ?? environmentVariable("HOSTNAME");
}

/** Returns the number of CPU cores. */
export function coreCount(): number | undefined {
  return orUndefined(() => globals.navigator?.hardwareConcurrency) ??
    orUndefined(() =>
      builtinModule<{ availableParallelism(): number }>("node:os")?.availableParallelism()
    );
}
