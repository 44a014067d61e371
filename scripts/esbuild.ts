import { stop } from "esbuild";

let users = 0;

/**
 * Calls `use`, and stops esbuild's process when nothing uses it any more, because it would keep
 * this process running.
 */
export async function withEsbuild<T>(use: () => Promise<T>): Promise<T> {
  users++;
  try {
    return await use();
  } finally {
    users--;
    if (users === 0) await stop();
  }
}
