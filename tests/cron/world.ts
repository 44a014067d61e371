import { setImmediate } from "node:timers";
import { ConnectError, Producer, type Transport, type TransportConnection } from "../../mod.ts";
import { type Clock, systemClock } from "../../src/internal/clock.ts";
import { Schedule, type ScheduleEntries, type ScheduleOptions } from "../../src/cron/mod.ts";
import type { ServerEdition } from "../../src/server/server_options.ts";
import { ServerState } from "../../src/server/server_state.ts";
import { slicesBy } from "../../src/server/slices.ts";
import { readStored } from "../../src/server/stored_job.ts";
import { memoryUrl } from "../../src/testing/memory_server.ts";
import { memoryTransport } from "../../src/testing/memory_transport.ts";
import type { Mortal } from "../faults/mortal.ts";

/** A clock that moves in one jump, so that a year does not need millions of ticks. */
class JumpClock implements Clock {
  #now: number;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  jump(ms: number): void {
    this.#now += ms;
    const due = [...this.#timers].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.#timers.delete(timer)) timer.callback();
  }
}

/** A job that reached its queue. */
export interface Enqueued {
  readonly jid: string;
  readonly type: string;
  readonly args: readonly unknown[];
  /** Time of the firing. */
  readonly created_at: string;
}

/** A process that runs a schedule, with a clock that is wrong by `skewMs`. */
export interface Process {
  readonly schedule: Schedule;
  readonly errors: unknown[];
  /** Ends the process at once, at any point. */
  crash(): Promise<void>;
}

/** A server in memory and processes that run schedules on it. Only the test moves the time. */
export class World implements AsyncDisposable {
  readonly clock: JumpClock;
  readonly server: ServerState;
  readonly enqueued: Enqueued[] = [];
  /** All connections so far. */
  readonly connections: TransportConnection[] = [];
  /** If true, nobody can connect. */
  isDown = false;
  /**
   * Returns true if the connection is lost after the server has run this write and before its
   * reply.
   */
  losesReplyTo: ((text: string) => boolean) | undefined;
  readonly #processes = new Set<Process>();

  constructor(start: string, edition: ServerEdition = "free") {
    const clock = this.clock = new JumpClock(Date.parse(start));
    this.server = new ServerState({ clock, edition }, {
      slices: slicesBy(clock),
      workersClock: systemClock,
    });
  }

  /** Starts a process. */
  async start(
    entries: ScheduleEntries,
    { skewMs = 0, program, ...options }: ScheduleOptions & {
      readonly skewMs?: number;
      readonly program?: Mortal;
    } = {},
  ): Promise<Process> {
    const [url, memory] = [memoryUrl(), memoryTransport(this.server)];
    const transport: Transport = {
      name: "memory",
      connect: async (target, options) => {
        if (this.isDown) throw new ConnectError("CONNECTION_REFUSED", "It is down");
        const connection = await memory.connect(target, options);
        this.connections.push(connection);
        return this.losesReplyTo === undefined ? connection : this.#lossy(connection);
      },
    };
    const clock: Clock = {
      now: () => this.clock.now() + skewMs,
      after: (ms, callback) => this.clock.after(ms, callback),
    };
    const producer = await Producer.connect({
      ...{ url, clock, transport: program?.transport(transport) ?? transport },
    });
    const schedule = new Schedule(entries, { clock, ...options });
    const errors: unknown[] = [];
    schedule.on("error", ({ error }) => errors.push(error));
    const running = schedule.run(producer);
    running.catch((error) => errors.push(error));
    const process: Process = {
      schedule,
      errors,
      crash: async () => {
        this.#processes.delete(process);
        // Commands without a reply may have been received or not.
        const closed = producer.close({ timeoutMs: 0 });
        // A time limit of 0 is a timer, too.
        await settle();
        this.clock.jump(0);
        await schedule.stop();
        await closed;
      },
    };
    this.#processes.add(process);
    await settle();
    return process;
  }

  /** Returns a connection that is lost before the reply to some write. */
  #lossy(connection: TransportConnection): TransportConnection {
    let isMute = false;
    const writer = connection.writable.getWriter();
    const write = async (chunk: Uint8Array) => {
      isMute = this.losesReplyTo!(new TextDecoder().decode(chunk));
      await writer.write(chunk);
      if (!isMute) return;
      this.isDown = true;
      connection.close();
    };
    const transform = (chunk: Uint8Array, replies: { enqueue(chunk: Uint8Array): void }) => {
      if (!isMute) replies.enqueue(chunk);
    };
    const readable = connection.readable.pipeThrough(new TransformStream({ transform }));
    const abort = (reason: unknown) => writer.abort(reason);
    const writable = new WritableStream({ write, abort, close: () => writer.close() });
    const close = (reason?: unknown) => connection.close(reason as Error);
    return { readable, writable, closed: connection.closed, close };
  }

  /** Moves the time by `stepMs` at a time, and takes the jobs that reach the queue. */
  async pass(ms: number, stepMs: number): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.jump(Math.min(stepMs, left));
      await settle();
      this.take();
    }
  }

  /** Takes all jobs from the queue `default`. */
  take(): void {
    const { queues } = this.server.context.manager;
    for (
      let taken = queues.pop(["default"]);
      taken !== undefined;
      taken = queues.pop(["default"])
    ) {
      const { jid, jobtype, args, created_at } = readStored(taken.payload);
      this.enqueued.push({ jid, type: jobtype, args: args as unknown[], created_at });
    }
  }

  /** Returns the times of the enqueued firings of this job type, in order. */
  firings(type: string): string[] {
    return this.enqueued.filter((job) => job.type === type).map(({ created_at }) => created_at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of [...this.#processes]) await process.crash();
    this.server.close();
  }
}

/** Runs everything that does not wait for time. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
