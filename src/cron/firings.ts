import { Cron } from "croner";
import { ConfigError } from "../errors.ts";
import { showText, showValue } from "../internal/show.ts";
import { durationMs } from "../job/duration.ts";

/** The times at which an entry fires, in milliseconds since 1970; the same to every process. */
export interface Firings {
  /** The first one after `ms`; `undefined` if there is none. */
  after(ms: number): number | undefined;
}

/** The server looks for scheduled jobs every five seconds. */
const MIN_EVERY_MS = 5000;

/** The firings of a cron expression in a time zone. */
export function cronFirings(name: string, cron: unknown, timeZone: unknown): Firings {
  // More than one field: a date by itself would be taken, too, and fire once.
  if (typeof cron !== "string" || !/^(@\w+|\S+(\s+\S+){4,5})$/.test(cron.trim())) {
    throw refused(
      name,
      `its cron is not an expression of five or six fields: got ${showValue(cron)}`,
    );
  }
  if (typeof timeZone !== "string" || timeZone === "") {
    throw refused(name, `its timeZone is no name of a time zone: got ${showValue(timeZone)}`);
  }
  let expression: Cron;
  try {
    expression = new Cron(cron, { timezone: timeZone, paused: true });
    // A time zone that is not known is only found here.
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

/** Firings at the multiples of a length of time since 1970, so that all processes agree. */
export function everyFirings(name: string, every: unknown): Firings {
  const ms = typeof every === "number" ? every : durationMs(every);
  if (!(ms >= MIN_EVERY_MS && Number.isSafeInteger(ms / 1000))) {
    throw refused(
      name,
      `its every is not a whole number of seconds, 5 or more, in milliseconds or as in "30s": got ${
        showValue(every)
      }`,
    );
  }
  return { after: (now) => (Math.floor(now / ms) + 1) * ms };
}

/** Why an entry cannot be used. */
export function refused(name: string, reason: string): ConfigError {
  return new ConfigError("INVALID_OPTION", `Cannot schedule ${showText(name)} as ${reason}`);
}
