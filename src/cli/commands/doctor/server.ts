import type { Producer } from "../../../../mod.ts";
import { systemClock } from "../../../internal/clock.ts";
import { formatCount, formatDuration, formatInteger, printable } from "../../text.ts";
import { milliseconds } from "./address.ts";
import { type Check, type Facts, type Finding, ok, required, skipped, warning } from "./check.ts";
import { isAtLeast } from "./runtime.ts";

/** Checks the server's version, clock, limits and speed. */
export const serverChecks: readonly Check[] = [
  { name: "version", needs: ["password"], run: version },
  { name: "clock", needs: ["version"], run: clock },
  { name: "limits", needs: ["version"], run: limits },
  { name: "latency", needs: ["version"], run: latency },
];

/** The newest version that this package is tested with. */
const KNOWN = "1.10";
/** The oldest version that this package is tested with: see `docs/servers.md`. */
const OLDEST = "1.6.2";
/** The first version that reports latencies. */
const LATENCY = "1.9.2";

async function version(facts: Facts): Promise<Finding> {
  const clock = facts.io.clock ?? systemClock;
  const at = clock.now();
  const { server } = facts.info = await required(facts.producer).info();
  facts.asked = { at, answeredAt: clock.now() };
  return versionFinding(`${server.description} ${server.version}`, server.version);
}

/** Judges a server version. `title` is shown to the user. */
export function versionFinding(title: string, version: string): Finding {
  const text = printable(title);
  if (!/^\d+\.\d+/.test(version)) {
    return warning(`${text}: unknown version`, `use Faktory ${KNOWN}`);
  }
  if (!isAtLeast(version, OLDEST)) {
    return warning(
      `${text} is older than any version that this package is tested with`,
      `use Faktory ${OLDEST} or later`,
    );
  }
  if (!isAtLeast(version, LATENCY)) {
    return ok(`${text}; faktory queues latency needs ${LATENCY}`);
  }
  const [major = 0, minor = 0] = KNOWN.split(".").map(Number);
  if (!isAtLeast(version, `${major}.${minor + 1}`)) return ok(text);
  return warning(
    `${text} is newer than ${KNOWN}, the latest version that this package is tested with`,
    "check for a newer version of this package",
  );
}

/** Maximum clock difference, in ms. The server looks for scheduled jobs every five seconds. */
const MAX_SKEW_MS = 5000;

function clock(facts: Facts): Finding {
  const now = required(facts.info).raw["now"];
  return clockFinding(typeof now === "string" ? Date.parse(now) : NaN, required(facts.asked));
}

/**
 * Judges the server's clock. `serverTime` is its time during the request, `NaN` if it did not send
 * one.
 */
export function clockFinding(
  serverTime: number,
  { at, answeredAt }: { readonly at: number; readonly answeredAt: number },
): Finding {
  if (Number.isNaN(serverTime)) return skipped("the server does not report its time");
  // The server read its clock at some moment in between.
  const aheadMs = serverTime < at
    ? serverTime - at
    : serverTime > answeredAt
    ? serverTime - answeredAt
    : 0;
  const skew = Math.abs(aheadMs);
  if (skew < 1000) return ok("same as the server's, to the second");
  const text = `the server's clock is ${formatDuration(skew / 1000)} ${
    aheadMs < 0 ? "behind" : "ahead of"
  } this machine's`;
  if (skew <= MAX_SKEW_MS) return ok(text);
  return warning(
    `${text}, so scheduled jobs run too ${aheadMs < 0 ? "late" : "early"}`,
    "synchronize both with NTP",
  );
}

/** The server's default limit. The server does not report its own. */
const MAX_CONNECTIONS = 2000;

function limits(facts: Facts): Finding {
  const { connections, usedMemoryMb } = required(facts.info).server;
  const text = `${formatCount(connections, "connection")} of ${formatInteger(MAX_CONNECTIONS)} ` +
    `(the default limit), ${formatInteger(usedMemoryMb)} MB of memory`;
  if (connections < MAX_CONNECTIONS * 0.8) return ok(text);
  return warning(text, "give workers fewer connections, or the server a larger limit");
}

const ROUND_TRIPS = 10;
/** From here on, processing one job at a time is slow. */
const SLOW_MS = 100;

async function latency(facts: Facts): Promise<Finding> {
  const times = await roundTrips(required(facts.producer));
  const median = (times[4]! + times[5]!) / 2;
  const text = `median round trip ${milliseconds(median)}, ` +
    `range ${milliseconds(times[0]!)} to ${milliseconds(times.at(-1)!)}`;
  if (median < SLOW_MS) return ok(text);
  return warning(text, "run closer to the server, or enqueue many jobs at once");
}

/** Measures round trips in ms, sorted. */
async function roundTrips(producer: Producer): Promise<number[]> {
  const times: number[] = [];
  while (times.length < ROUND_TRIPS) {
    const since = performance.now();
    await producer.info();
    times.push(performance.now() - since);
  }
  return times.sort((a, b) => a - b);
}
