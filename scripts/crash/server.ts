/**
 * A server in a process of its own, to be killed: keeps its data in the file that is given, prints its port, and ends with its
 * standard input. With `-` it keeps them in memory.
 */
import process from "node:process";
import { FaktoryServer } from "../../src/server/mod.ts";

const [data = "-"] = process.argv.slice(2);

async function main(): Promise<void> {
  const server = await FaktoryServer.start({ port: 0, ...data === "-" ? {} : { data } });
  console.log(server.port);
  process.stdin.on("end", () => void server.close().then(() => process.exit(0)));
  process.stdin.resume();
}

void main();
