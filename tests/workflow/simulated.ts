import { type Job, Producer } from "../../mod.ts";
import type { Consumer, ConsumerMiddleware, JobContext } from "../../mod.ts";
import { sendCommand } from "../../src/producer/producer.ts";
import { acknowledge, fail, fetchJob } from "../../src/protocol/commands/jobs.ts";
import { ManualClock } from "../../src/server/mod.ts";
import { MemoryServer } from "../../src/testing/mod.ts";
import { Mortal } from "../faults/mortal.ts";
import { turn } from "../faults/wall_clock.ts";
import { type WorkflowNode, type WorkflowOptions, Workflows } from "../../src/workflow/mod.ts";

/** The server's support for joins: batches, or only tokens. */
export type Edition = "free" | "enterprise";

/** Handlers of a world, by job type. */
export type Handlers = Readonly<Record<string, (job: Job) => unknown>>;

/** Middleware and handlers that `attach` gives a consumer. Each program has its own. */
interface CapturedReply {
  readonly middleware: ConsumerMiddleware;
  readonly handlers: ReadonlyMap<string, (job: Job, context: JobContext) => unknown>;
}

function captured(): CapturedReply {
  const handlers = new Map<string, () => unknown>();
  const middleware: ConsumerMiddleware[] = [];
  const consumer = {
    use: (given: ConsumerMiddleware) => middleware.push(given),
    register: (type: string, run: () => unknown) => handlers.set(type, run),
  };
  new Workflows().attach(consumer as unknown as Consumer);
  return { middleware: middleware[0]!, handlers };
}

/**
 * A server with a manual clock, and programs that run workflows on it and may die between any two
 * commands.
 */
export class World implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly server: MemoryServer;
  readonly #handlers: Handlers;

  private constructor(server: MemoryServer, clock: ManualClock, handlers: Handlers) {
    this.server = server;
    this.clock = clock;
    this.#handlers = handlers;
  }

  static async start(handlers: Handlers, edition: Edition = "free"): Promise<World> {
    const clock = new ManualClock();
    return new World(await MemoryServer.start({ clock, edition }), clock, handlers);
  }

  /** Returns a producer for a program that dies after so many commands. */
  connect(program: Mortal): Promise<Producer> {
    return Producer.connect({
      url: this.server.url,
      transport: program.transport(this.server.transport),
      connections: 1,
      reconnect: false,
    });
  }

  async begin(
    node: WorkflowNode,
    options: WorkflowOptions = {},
    program = new Mortal(Infinity),
  ): Promise<string> {
    const producer = await this.connect(program);
    try {
      return await new Workflows().start(producer, node, options);
    } finally {
      await producer.close({ timeoutMs: 0 });
    }
  }

  /** Runs jobs of the queue "default" until there are none, or the program dies. */
  async work(program: Mortal): Promise<void> {
    const producer = await this.connect(program);
    try {
      await Promise.race([this.#runAll(producer, captured(), program), program.died]);
    } catch (error) {
      if (!program.isDead) throw error;
    } finally {
      // Calls of a dead program are dropped.
      await producer.close({ timeoutMs: 0 });
    }
  }

  /**
   * Moves the clock past all reservations, retries and checks until nothing is left. Rejects if
   * that takes more than a day.
   */
  async settle(programs: () => Mortal[]): Promise<void> {
    if (await this.run(programs, 24 * 60)) return;
    throw new Error(`not over after a day: ${JSON.stringify(this.server.snapshot())}`);
  }

  /**
   * Runs programs, and moves the clock for so many minutes. Resolves to true if nothing is left.
   */
  async run(programs: () => Mortal[], minutes: number): Promise<boolean> {
    for (let minute = 0; minute < minutes; minute++) {
      if ((this.server.snapshot().queues["default"] ?? 0) > 0) {
        await this.moving(Promise.all(programs().map((program) => this.work(program))));
      }
      const { queues, working, retries, scheduled } = this.server.snapshot();
      const waiting = Object.values(queues).reduce((sum, size) => sum + size, 0);
      if (waiting + working + retries + scheduled === 0) return true;
      this.clock.advance(60_000);
      await turn();
    }
    return false;
  }

  /** Moves the clock while a FETCH waits, until `work` has ended. */
  async moving(work: Promise<unknown>): Promise<void> {
    let isOver = false;
    work.finally(() => isOver = true).catch(() => {});
    for (let turns = 1; !isOver; turns++) {
      await turn();
      if (turns % 20 === 0) this.clock.advance(2000);
    }
    await work;
  }

  async #runAll(producer: Producer, own: CapturedReply, program: Mortal): Promise<void> {
    while ((this.server.snapshot().queues["default"] ?? 0) > 0) {
      const job = await sendCommand(producer, fetchJob(["default"]));
      if (job === undefined) continue;
      const { jid } = job;
      try {
        await this.#run(job, { producer, own });
      } catch (error) {
        if (program.isDead) throw error;
        const report = { jid, type: "Error", message: String(error), backtrace: [] };
        await sendCommand(producer, fail(report));
        continue;
      }
      await sendCommand(producer, acknowledge(jid));
    }
  }

  async #run(
    job: Job,
    { producer, own }: { readonly producer: Producer; readonly own: CapturedReply },
  ): Promise<unknown> {
    const attempt = job.failure === undefined ? 1 : job.failure.retryCount + 2;
    const context = { producer, attempt } as JobContext;
    const run = own.handlers.get(job.type) ?? this.#handlers[job.type]!;
    return await own.middleware(job, context, async () => await run(job, context));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}
