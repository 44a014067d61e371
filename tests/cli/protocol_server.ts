import type { Socket } from "node:net";
import { withListener } from "./setting.ts";

/** The reply to INFO. */
const INFO = JSON.stringify({
  faktory: {
    queues: { images: 4 },
    sets: { scheduled: 0, retries: 1, dead: 3, working: 0 },
    tasks: {},
    total_processed: 7,
  },
  server: { description: "Faktory", faktory_version: "1.10.0" },
});

/**
 * Calls `use` with the URL of a server without INSPECT, like the reference server, and with the
 * lines that it receives.
 */
export async function withProtocolServer(
  use: (url: string, lines: readonly string[]) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  const greet = (socket: Socket) => {
    socket.write('+HI {"v":2}\r\n');
    socket.on("data", (data) => {
      for (const line of String(data).trim().split("\n").map((line) => line.trim())) {
        lines.push(line);
        if (line === "END") socket.end();
        else socket.write(replyTo(line));
      }
    });
  };
  await withListener(greet, (url) => use(url, lines));
}

function replyTo(line: string): string {
  const [verb = "", subcommand] = line.split(" ");
  if (verb === "INFO") return `$${INFO.length}\r\n${INFO}\r\n`;
  if (subcommand === "LATENCY") return '$14\r\n{"images":2.5}\r\n';
  if (verb === "FAIL") return "-ERR Job not found any-job-id\r\n";
  return ["HELLO", "MUTATE", "QUEUE", "PUSH", "PUSHB"].includes(verb)
    ? "+OK\r\n"
    : `-ERR unknown command ${verb}\r\n`;
}
