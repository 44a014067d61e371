/**
 * A client of the server with this URL that enqueues, fetches and acknowledges one job after the
 * other. Prints `ready`, and when its standard input ends, its longest wait for a reply in
 * milliseconds.
 */
import process from "node:process";
import { RawClient } from "../../../tests/contract/raw_client.ts";

/** Jobs before the measurement, so that the code is compiled. */
const WARM_UP = 100;

const client = await RawClient.hello(process.argv[2]!);
let isOver = false;
process.stdin.on("end", () => isOver = true).resume();
let longest = 0;

async function ask(text: string, lines: number): Promise<void> {
  const start = performance.now();
  await client.exchange(text, lines);
  longest = Math.max(longest, performance.now() - start);
}

for (let i = 0; !isOver; i++) {
  const jid = `probe-${String(i).padStart(9, "0")}`;
  await ask(`PUSH {"jid":"${jid}","jobtype":"probe","queue":"probe","args":[]}\r\n`, 1);
  await ask("FETCH probe\r\n", 2);
  await ask(`ACK {"jid":"${jid}"}\r\n`, 1);
  if (i === WARM_UP) {
    longest = 0;
    console.log("ready");
  }
  await new Promise((resolve) => setTimeout(resolve, 1));
}
console.log(longest.toFixed(1));
process.exit(0);
