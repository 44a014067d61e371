/** Numbers from 0 to below 1 that are the same in every run. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = state * 48271 % 2147483647) / 2147483647;
}
