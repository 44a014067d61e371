import { stop } from "esbuild";

let users = 0;

/**
 * Calls what uses esbuild, and ends esbuild's process when nobody uses it: it would keep this one
 * running.
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
