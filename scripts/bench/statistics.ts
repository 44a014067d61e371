/** A middle, and how far from it the others are. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value at `share` (0 to 1) of all values in their order; of an even number's two in the middle, the mean is 0.5's. */
export function quantile(values: Iterable<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) throw new RangeError("Cannot take a quantile of no values");
  const at = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (above - below) * (at - Math.floor(at));
}

/** The median, the least and the most. */
export function spreadOf(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    min: quantile(values, 0),
    max: quantile(values, 1),
  };
}

/** How much more the last quarter of the samples is than the second, by their medians: 0.1 is a tenth more. */
export function growthOf(samples: readonly number[]): number {
  if (samples.length < 4) throw new RangeError("Cannot see growth in less than 4 samples");
  const quarter = Math.floor(samples.length / 4);
  const second = quantile(samples.slice(quarter, 2 * quarter), 0.5);
  const last = quantile(samples.slice(-quarter), 0.5);
  return last / second - 1;
}
