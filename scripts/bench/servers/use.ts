import process from "node:process";
import type { ServerUse } from "../task.ts";

/** Keeps count of a server's clients, and of its CPU time from the first one on. */
export class Use {
  #open = 0;
  #most = 0;
  #cpu = process.cpuUsage();
  #start = performance.now();

  opened(): void {
    if (this.#most === 0) [this.#cpu, this.#start] = [process.cpuUsage(), performance.now()];
    this.#most = Math.max(this.#most, ++this.#open);
  }

  closed(): void {
    this.#open--;
  }

  /** Prints it, and ends the process, once standard input ends. */
  tellAtEnd(): void {
    process.stdin.on("end", () => {
      const { user, system } = process.cpuUsage(this.#cpu);
      const busy = (user + system) / 1000 / (performance.now() - this.#start);
      const told: ServerUse = { connections: this.#most, busy };
      process.stdout.write(`${JSON.stringify(told)}\n`, () => process.exit(0));
    }).resume();
  }
}
