import process from "node:process";
import { showText } from "../../../internal/show.ts";
import { CliError } from "../../failure.ts";
import { Status } from "../../status.ts";
import type { NamedModule } from "./locate.ts";

/**
 * Waits for modules to load. Rejects on a signal, and when nothing is left that could settle the
 * promise: Node and Bun would then exit with status 0.
 *
 * @throws {CliError} if the promise can never settle. Deno does not detect this for a top-level
 *   `await`.
 */
export async function awaitModules<T>(
  promise: Promise<T>,
  modules: readonly NamedModule[],
  signal: AbortSignal,
): Promise<T> {
  let removeListener = () => {};
  const ended = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    const stuck = () => reject(stuckModule(modules));
    signal.addEventListener("abort", abort, { once: true });
    process.once("beforeExit", stuck);
    removeListener = () => {
      signal.removeEventListener("abort", abort);
      process.off("beforeExit", stuck);
    };
  });
  try {
    return await Promise.race([promise, ended]);
  } finally {
    removeListener();
  }
}

function stuckModule(modules: readonly NamedModule[]): CliError {
  const names = modules.map(({ name }) => showText(name)).join(" and ");
  return new CliError(
    Status.data,
    `Cannot load ${names} as it waits for a promise that can never resolve`,
    "look for an await whose promise nothing resolves",
  );
}
