/**
 * Runs an embedded server in its own process. Arguments: the folder for its data (`-`: in memory),
 * and the length of the longest line in bytes. Prints its URL, and ends with its standard input.
 */
import process from "node:process";
import { FaktoryServer } from "../src/server/mod.ts";

const [data = "-", longest] = process.argv.slice(2);

async function main(): Promise<void> {
  const server = await FaktoryServer.start({
    port: 0,
    ...data === "-" ? {} : { data },
    ...longest === undefined ? {} : { maxLineBytes: Number(longest) },
  });
  console.log(server.url);
  process.stdin.on("end", () => void server.close().then(() => process.exit(0))).resume();
}

void main();
