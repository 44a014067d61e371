/**
 * Runs a server in its own process, to be killed. Arguments: the file for its data (`-`: in
 * memory), and the length of the longest line in bytes. Prints its port, and ends with its standard
 * input.
 */
import process from "node:process";
import { FaktoryServer } from "../../src/server/mod.ts";

const [data = "-", longest] = process.argv.slice(2);

async function main(): Promise<void> {
  const server = await FaktoryServer.start({
    port: 0,
    ...data === "-" ? {} : { data },
    ...longest === undefined ? {} : { maxLineBytes: Number(longest) },
  });
  console.log(server.port);
  process.stdin.on("end", () => void server.close().then(() => process.exit(0)));
  process.stdin.resume();
}

void main();
