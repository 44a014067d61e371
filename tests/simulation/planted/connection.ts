import type { PlantedFault } from "./fault.ts";

/** Faults of the connections of clients. */
export const connectionFaults: readonly PlantedFault[] = [
  {
    name: "a FETCH of a lost connection is sent again",
    file: "src/connection/resend.ts",
    find: 'const isSafe = rule === "safe" ||',
    replace: 'const isSafe = rule !== "once" ||',
    hiddenBy: "a FETCH that is sent again asks for another job, as a new FETCH would",
  },
  {
    name: "an unanswered PUSH is not sent again",
    file: "src/connection/resend.ts",
    find: '(rule === "once" && delivery === "at-least-once")',
    replace: "false",
  },
  {
    name: "an unanswered PUSH is sent again with at-most-once delivery",
    file: "src/connection/resend.ts",
    find: '(rule === "once" && delivery === "at-least-once")',
    replace: 'rule === "once"',
  },
  {
    name: "an unanswered ACK is not sent again",
    file: "src/protocol/commands/jobs.ts",
    find: 'payload: `{"jid":${text}}`, resend: "safe"',
    replace: 'payload: `{"jid":${text}}`, resend: "never"',
  },
  {
    name: "commands in flight on a lost connection are forgotten",
    file: "src/connection/waiting_requests.ts",
    find: "this.#requests.unshift(requests);",
    replace: "",
  },
  {
    name: "commands in flight are sent again after later commands",
    file: "src/connection/waiting_requests.ts",
    find: "this.#requests.unshift(requests);",
    replace: "for (const request of requests) this.#requests.push(request);",
  },
  {
    name: "a lost connection drops its pending commands",
    file: "src/connection/connection.ts",
    find: "const all = this.#pending.drain();",
    replace: "const all = this.#pending.drain().slice(0, 0);",
  },
  {
    name: "a buffer is not cleared after its write",
    file: "src/connection/command_writer.ts",
    find: "this.#current.clear();",
    replace: "",
  },
  {
    name: "written commands still count as unsent",
    file: "src/connection/command_writer.ts",
    find: "this.#unsent = 0;\n    this.#isWriting = true;",
    replace: "this.#isWriting = true;",
  },
  {
    name: "the end of a write notifies nobody",
    file: "src/connection/command_writer.ts",
    find: "this.#listener.written();\n    this.flush();",
    replace: "",
  },
  {
    name: "a silent server is never noticed",
    file: "src/connection/connection.ts",
    find: "if (leftMs > 0) return this.#startTimer(leftMs);",
    replace: "if (leftMs > -1e12) return this.#startTimer(this.#timeoutMs);",
  },
  {
    name: "a silent connection is closed without a grace period",
    file: "src/connection/silent_watch.ts",
    find: "this.#clock.after(this.#graceMs, () => {",
    replace: "this.#clock.after(0, () => {",
  },
  {
    name: "a command that waits starts no attempt to connect",
    file: "src/connection/reconnecting_connection.ts",
    find: "if (!this.#isTrying) this.#connect();",
    replace: "",
  },
  {
    name: "a command whose deadline has passed is sent",
    file: "src/connection/reconnecting_connection.ts",
    find: "request.notAfter !== undefined && this.#options.clock.now() > request.notAfter",
    replace: "request.notAfter === -1",
  },
  {
    name: "requests of a lost connection are lost when others take them over",
    file: "src/connection/pool.ts",
    find: "for (const request of take()) this.send(request);",
    replace: "take();",
  },
  {
    name: "a connection that is being opened is not closed by a stop",
    file: "src/connection/connection_group.ts",
    find: "this.#opening?.close();",
    replace: "",
  },
  {
    name: "a connection is used after it has ended",
    file: "src/connection/reconnecting_connection.ts",
    find: "if (connection.isEnded) return this.#waiting.push(request);",
    replace: "if (connection.isEnded) return;",
  },
  {
    name: "the monotonic clock follows a clock that is set back",
    file: "src/internal/monotonic_clock.ts",
    find: "else if (reading + this.#aheadMs < this.#last) this.#aheadMs = this.#last - reading;",
    replace: "else this.#aheadMs = 0;",
  },
  {
    name: "a clock that is set back during a pause hides the pause",
    file: "src/internal/monotonic_clock.ts",
    find: "if (sinceMs < 0 || sinceMs >= COMPARE_EVERY_MS) this.#compare(reading);",
    replace: "",
  },
  {
    name: "reconnecting leaves the old reading of the server's clock in use",
    file: "src/connection/server_clock.ts",
    find: "this.#checkedAt = -Infinity;",
    replace: "",
  },
];
