/**
 * A server in a process of its own, to be killed: keeps its data in the file that is given, prints
 * its port, and ends with its standard input. With `-` it keeps them in memory. A second argument
 * is the longest line, in bytes.
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
