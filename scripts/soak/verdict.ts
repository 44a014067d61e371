import { quantile } from "../bench/statistics.ts";
import type { Ledger } from "../ledger.ts";

/** The only argument of the load's process, as JSON. */
export interface Load {
  readonly url: string;
  readonly queue: string;
  /** Jobs a second. */
  readonly rate: number;
  readonly ms: number;
}

/** State of the load's process, printed every few seconds as a line of JSON. */
export interface Sample {
  readonly seconds: number;
  /** Jobs whose enqueue was called. */
  readonly sent: number;
  /** Jobs whose handler has succeeded. */
  readonly done: number;
  /** Enqueues that have not resolved, and jobs that run. */
  readonly inFlight: number;
  /** Bytes in use after a garbage collection. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly handles: Handles;
  /** Delay of timers since the last sample, in ms. */
  readonly lagMs: { readonly p99: number; readonly max: number };
  /** Connections lost so far. */
  readonly lost: number;
}

/** Open files and handles of the process. */
export interface Handles {
  /** Files and sockets, as the system counts them; `undefined` where it does not. */
  readonly files: number | undefined;
  /** Resources that keep the event loop alive; Bun always reports none. */
  readonly resources: number;
}

/** The last line, after everything was closed. */
export interface End
  extends Pick<Ledger, "sent" | "refused" | "missing" | "twice" | "twiceInDoubt"> {
  /** Before anything was opened, except once, to load all modules. */
  readonly before: Handles;
  readonly after: Handles;
  /** Number of extra producers and consumers that were opened, used and closed. */
  readonly openedAndClosed: number;
  /** The first few unexpected errors. */
  readonly errors: readonly string[];
}

/** A condition, and whether it holds. */
export interface Finding {
  readonly what: string;
  readonly holds: boolean;
  readonly figure: string;
}

/**
 * Allowed growth of memory over the second half of the time: a share of it or bytes, whichever is
 * more.
 */
const HEAP = { share: 0.05, bytes: 1 << 20 };
const RSS = { share: 0.05, bytes: 8 << 20 };

/**
 * Jobs in flight take memory too, so samples with more of them than this, as in an outage, are left
 * out.
 */
const QUIET = 100;

/** Allowed delay of timers, in ms, in 99 of 100 cases. */
const LAG_MS = 100;

/** Files that connections closed a moment ago may still have open. */
const SPARE_FILES = 2;

/** Checks every condition on the samples. */
export function findingsOf(samples: readonly Sample[], end: End): Finding[] {
  const lag = samples.length === 0 ? 0 : quantile(samples.map(({ lagMs }) => lagMs.p99), 0.5);
  const most = Math.max(0, ...samples.map(({ lagMs }) => lagMs.max));
  const { before, after, openedAndClosed, missing, refused, sent, twice, twiceInDoubt } = end;
  const finding = (what: string, holds: boolean, figure: string) => ({ what, holds, figure });
  return [
    growth("heap", samples, ({ heapBytes }) => heapBytes, HEAP),
    growth("resident memory", samples, ({ rssBytes }) => rssBytes, RSS),
    finding(
      "all handles are closed",
      isBack(before, after),
      `${show(before)} before, ${show(after)} after, with ${openedAndClosed} extra consumers`,
    ),
    finding(
      `timers are less than ${LAG_MS} ms late, 99 in 100`,
      lag < LAG_MS,
      `${lag.toFixed(1)} ms, ${most.toFixed(0)} ms at most`,
    ),
    finding(
      "no job is lost",
      missing === 0 && refused === 0,
      `${missing} missing and ${refused} refused of ${sent}`,
    ),
    finding(
      "no job runs twice unless a reply to its PUSH was lost",
      twice === 0,
      `${twice}, and ${twiceInDoubt} after a lost reply`,
    ),
    finding("there are no other errors", end.errors.length === 0, end.errors.join("; ") || "none"),
  ];
}

function growth(
  name: string,
  samples: readonly Sample[],
  value: (sample: Sample) => number,
  { share, bytes }: typeof HEAP,
): Finding {
  const half = samples.slice(Math.floor(samples.length / 2))
    .filter(({ inFlight }) => inFlight <= QUIET);
  const what = `${name} does not grow`;
  if (half.length < 3) return { what, holds: false, figure: "too few samples to tell" };
  const points = half.map((sample): Point => [sample.seconds, value(sample)]);
  const grown = slopeOf(points) * (half.at(-1)!.seconds - half[0]!.seconds);
  const size = quantile(half.map(value), 0.5);
  return {
    what,
    holds: grown <= Math.max(share * size, bytes),
    figure: `${mb(grown)} MB over the second half, of ${mb(size)} MB`,
  };
}

type Point = readonly [x: number, y: number];

/** Slope of the regression line through the points. */
export function slopeOf(points: readonly Point[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  let [over, under] = [0, 0];
  for (const [x, y] of points) {
    over += (x - meanX) * (y - meanY);
    under += (x - meanX) ** 2;
  }
  return under === 0 ? 0 : over / under;
}

function isBack(before: Handles, after: Handles): boolean {
  return after.resources <= before.resources &&
    (after.files ?? 0) <= (before.files ?? Infinity) + SPARE_FILES;
}

function show({ files, resources }: Handles): string {
  return `${files ?? "-"} files and ${resources} resources`;
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
