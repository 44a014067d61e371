/**
 * The embedded server as a process, with its data in the file named on the command line, or in
 * memory. It prints its URL.
 */

import process from "node:process";
import { FaktoryServer } from "../../../src/server/mod.ts";

const [data] = process.argv.slice(2);
const options = data === undefined ? { port: 0 } : { port: 0, data };
void FaktoryServer.start(options).then((server) => {
  console.log(server.url);
  process.stdin.on("end", () => void server.close().then(() => process.exit(0))).resume();
});
