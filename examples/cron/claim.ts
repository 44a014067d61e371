/** On a free server each instance's job is there. Who may do the work is then for the work's own storage to say. */

import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";

const folder = process.env["CLAIMS"] ?? "claims";

/**
 * Whether `jid` may do what is called `name`: the first job that asks may, and it alone, so that its retries may as well.
 * With files this holds on one machine; on several it is a table with a unique name, and `INSERT .. ON CONFLICT DO NOTHING`.
 */
export async function claim(name: string, jid: string): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const own = `${folder}/${jid}`;
  const claimed = `${folder}/${name}`;
  await writeFile(own, jid);
  try {
    await link(own, claimed); // at once, or not at all
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    return await readFile(claimed, "utf8") === jid;
  } finally {
    await rm(own);
  }
}
