/**
 * A well-behaved client of the server on a port: pushes, fetches and acknowledges a job all the
 * time. Prints `ready`; when its input ends, it prints how long it waited for a reply at most, in
 * milliseconds.
 */
import process from "node:process";
import { LineClient } from "../line_client.ts";

async function main(): Promise<void> {
  const client = await LineClient.hello(Number(process.argv[2]));
  let isOver = false;
  process.stdin.on("end", () => isOver = true);
  process.stdin.resume();
  let longest = 0;
  const ask = async (text: string, lines: number) => {
    const start = performance.now();
    const reply = await client.ask(text, lines);
    longest = Math.max(longest, performance.now() - start);
    return reply;
  };
  for (let i = 0; !isOver; i++) {
    const jid = `probe-${String(i).padStart(9, "0")}`;
    await ask(`PUSH {"jid":"${jid}","jobtype":"probe","queue":"probe","args":[]}\r\n`, 1);
    await ask("FETCH probe\r\n", 2);
    await ask(`ACK {"jid":"${jid}"}\r\n`, 1);
    if (i === 100) {
      longest = 0;
      console.log("ready");
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log(longest.toFixed(1));
  process.exit(0);
}

void main();
