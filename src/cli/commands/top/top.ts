import type { Command } from "commander";
import { FaktoryError } from "../../../../mod.ts";
import { type Clock, systemClock } from "../../../internal/clock.ts";
import { monotonic } from "../../../internal/monotonic_clock.ts";
import type { CommandDefinition, Invocation } from "../../command.ts";
import { addConnectionFlags, type ConnectionFlags, serverOf } from "../../connect.ts";
import { integer, seconds } from "../../parse.ts";
import { type Rates, ratesOf } from "./rates.ts";
import { canRedraw, openBlocks, openTerminal } from "./screen.ts";
import { type Snapshot, SnapshotSource } from "./snapshot.ts";
import { viewOf } from "./view.ts";

interface TopFlags extends ConnectionFlags {
  /** In ms. */
  readonly interval?: number;
  readonly count?: number;
  readonly json?: boolean;
}

/** `faktory top`: shows a server's statistics and refreshes them. */
export const top: CommandDefinition<TopFlags> = {
  name: "top",
  summary: "Monitors a server's queues, rates and latencies",
  details:
    "On a terminal, it refreshes the screen until you press q or Ctrl+C. Elsewhere, it prints a " +
    "block of text each time. The server does not count enqueued jobs: their rate, marked with " +
    "~, is estimated from the other numbers. If the connection is lost, each update tries again.",
  examples: [
    ["top", "the server in FAKTORY_URL, every two seconds"],
    ["top --interval 10 | tee top.log", "a block every ten seconds, also saved to a file"],
    ["top --count 2 --interval 5 --json | tail -1", "the rates of five seconds, for a program"],
  ],
  configure(command: Command): void {
    command
      .option(
        "-i, --interval <seconds>",
        "time between updates (default: 2)",
        seconds,
      )
      .option("-n, --count <number>", "end after this many updates", integer(1));
    addConnectionFlags(command);
  },
  run,
};

/** Silence after which the server counts as lost, in ms. Otherwise old numbers look current. */
const TIMEOUT_MS = 5000;

/** The state at one update. */
interface Moment {
  readonly now: Snapshot;
  readonly rates: Rates;
  readonly error?: FaktoryError;
}

async function run({ flags, io, output }: Invocation<TopFlags>): Promise<void> {
  const { interval = 2000, count = Infinity } = flags;
  const clock = io.clock ?? systemClock;
  const { url, options } = await serverOf(flags, io);
  const ending = new AbortController();
  const end = () => ending.abort(io.signal.reason);
  if (io.signal.aborted) return;
  io.signal.addEventListener("abort", end, { once: true });
  const { timeout = TIMEOUT_MS } = flags;
  const source = new SnapshotSource({
    ...options,
    connectTimeoutMs: timeout,
    commandTimeoutMs: timeout,
    signal: ending.signal,
  }, monotonic(clock));
  try {
    // If the first request fails, the command fails.
    const first = await source.snapshot();
    const screen = flags.json === true
      ? undefined
      : canRedraw(io)
      ? openTerminal(io, output, end)
      : openBlocks(io);
    try {
      let moment: Moment = { now: first, rates: ratesOf(undefined, first) };
      for (let shown = 1;; shown++) {
        const at = new Date(clock.now());
        const { now, rates, error } = moment;
        if (screen === undefined) output.print(eventOf(url, at, moment), () => "");
        else {
          const time = at.toTimeString().slice(0, 8);
          const { hint, size } = screen;
          screen.show(viewOf({ url, time, now, rates, lost: error?.message, hint }, size));
        }
        if (shown >= count || !await wait(interval, clock, ending.signal)) break;
        moment = await next(source, moment);
        if (ending.signal.aborted) break;
      }
    } finally {
      screen?.close();
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    io.signal.removeEventListener("abort", end);
    await source.close();
  }
}

/** Requests a snapshot. If the server is lost, keeps the last one. */
async function next(source: SnapshotSource, last: Moment): Promise<Moment> {
  try {
    const now = await source.snapshot();
    return { now, rates: ratesOf(last.error === undefined ? last.now : undefined, now) };
  } catch (error) {
    if (!(error instanceof FaktoryError)) throw error;
    return { now: last.now, rates: ratesOf(undefined, last.now), error };
  }
}

/** Waits. Returns true unless the signal is aborted. */
function wait(ms: number, clock: Clock, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false);
    const abort = () => {
      cancelTimer();
      resolve(false);
    };
    const cancelTimer = clock.after(ms, () => {
      signal.removeEventListener("abort", abort);
      resolve(true);
    });
    signal.addEventListener("abort", abort, { once: true });
  });
}

function eventOf(url: string, at: Date, { now, rates, error }: Moment): object {
  if (error !== undefined) {
    return { url, at, up: false, error: { code: error.code, message: error.message } };
  }
  const { queues, sets, totals, server, latencies } = now;
  const { growth, ...perSecond } = rates;
  // Unknown rates are null, not missing.
  const known = (value: number | undefined) => value ?? null;
  return {
    url,
    at,
    up: true,
    queues: Object.fromEntries(
      Object.entries(queues).map(([name, jobs]) => [
        name,
        {
          jobs,
          changePerSecond: known(growth.get(name)),
          latencySeconds: known(latencies.get(name)),
        },
      ]),
    ),
    sets,
    perSecond: Object.fromEntries(
      Object.entries(perSecond).map(([name, rate]) => [name, known(rate)]),
    ),
    totals,
    server,
  };
}
