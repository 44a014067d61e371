import { Cron } from "croner";
import { ConfigError } from "../errors.ts";
import { showText, showValue } from "../internal/show.ts";
import { durationMs } from "../job/duration.ts";

/**
 * The times at which an entry fires, in milliseconds since 1970. They are the same in every
 * process.
 */
export interface Firings {
  /** Returns the first one after `ms`; `undefined` if there is none. */
  after(ms: number): number | undefined;
}

/** Shortest interval. The server looks for due scheduled jobs every five seconds. */
const MIN_EVERY_MS = 5000;

/** Returns the firings of a cron expression in a time zone. */
export function cronFirings(name: string, cron: unknown, timeZone: unknown): Firings {
  // Several fields are required, because a date alone would be accepted too, and fire once.
  if (typeof cron !== "string" || !/^(@\w+|\S+(\s+\S+){4,5})$/.test(cron.trim())) {
    throw refused(
      name,
      `its cron is not an expression of five or six fields: got ${showValue(cron)}`,
    );
  }
  if (typeof timeZone !== "string" || timeZone === "") {
    throw refused(name, `its timeZone is not the name of a time zone: got ${showValue(timeZone)}`);
  }
  let expression: Cron;
  try {
    expression = new Cron(cron, { timezone: timeZone, paused: true });
    // An unknown time zone is only detected here.
    if (expression.nextRun(new Date(0)) === null) throw new Error("it never fires");
  } catch (cause) {
    throw new ConfigError(
      "INVALID_OPTION",
      `Cannot schedule ${showText(name)} by ${showText(cron)} in ${showText(timeZone)}: ${
        (cause as Error).message
      }`,
      { cause },
    );
  }
  return { after: (ms) => expression.nextRun(new Date(ms))?.getTime() };
}

/** Returns firings at the multiples of a duration since 1970, so that all processes agree. */
export function everyFirings(name: string, every: unknown): Firings {
  const ms = typeof every === "number" ? every : durationMs(every);
  if (!(ms >= MIN_EVERY_MS && Number.isSafeInteger(ms / 1000))) {
    throw refused(
      name,
      `its every is not at least 5 whole seconds, in milliseconds or as a text like "30s": got ${
        showValue(every)
      }`,
    );
  }
  return { after: (now) => (Math.floor(now / ms) + 1) * ms };
}

/** Returns the error for an invalid entry. */
export function refused(name: string, reason: string): ConfigError {
  return new ConfigError("INVALID_OPTION", `Cannot schedule ${showText(name)} as ${reason}`);
}
