import { quantile } from "../bench/statistics.ts";

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
export interface End {
  /** Before anything was opened, except once, to load all modules. */
  readonly before: Handles;
  readonly after: Handles;
  readonly sent: number;
  /** Enqueues that rejected. */
  readonly refused: number;
  /** Jobs that were confirmed and never succeeded. */
  readonly missing: number;
  /** Jobs that succeeded twice although their enqueue was not in doubt. */
  readonly twice: number;
  /** Jobs that succeeded twice because a connection was lost during their enqueue. */
  readonly twiceInDoubt: number;
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
  return [
    growth("heap", samples, ({ heapBytes }) => heapBytes, HEAP),
    growth("resident memory", samples, ({ rssBytes }) => rssBytes, RSS),
    {
      what: "handles are back to what they were",
      holds: isBack(end.before, end.after),
      figure: `${shown(end.before)} before, ${shown(end.after)} after, ` +
        `${end.openedAndClosed} times opened and closed on the side`,
    },
    {
      what: `timers are less than ${LAG_MS} ms late, 99 in 100`,
      holds: lag < LAG_MS,
      figure: `${lag.toFixed(1)} ms, ${most.toFixed(0)} ms at most`,
    },
    {
      what: "no job is lost",
      holds: end.missing === 0 && end.refused === 0,
      figure: `${end.missing} missing and ${end.refused} refused of ${end.sent}`,
    },
    {
      what: "no job is done twice but those in doubt",
      holds: end.twice === 0,
      figure: `${end.twice}, and ${end.twiceInDoubt} whose PUSH was in doubt`,
    },
    {
      what: "nothing else went wrong",
      holds: end.errors.length === 0,
      figure: end.errors.length === 0 ? "nothing" : end.errors.join("; "),
    },
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

function shown({ files, resources }: Handles): string {
  return `${files ?? "-"} files and ${resources} resources`;
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
