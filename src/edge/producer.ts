import { connectionLost } from "../connection/connection_errors.ts";
import { StateError } from "../errors.ts";
import { deferred } from "../internal/deferred.ts";
import { encodeCore } from "../job/encode_core.ts";
import type { JobDefinitions } from "../job/catalogue.ts";
import type { JobInput, JobOptions } from "../job/job.ts";
import type { EnqueueManyResult, JobSource } from "../job/job_source.ts";
import type { EnqueueRest, TypeOrJob } from "../job/typed.ts";
import { pushBulk } from "../protocol/commands/jobs.ts";
import { serverError } from "../protocol/server_errors.ts";
import { enqueueMany } from "./enqueue_many.ts";
import type { Link } from "./link.ts";
import { open } from "./open.ts";
import {
  type PasswordlessProducerOptions,
  type ProducerOptions,
  refused,
  type Settings,
  settingsOf,
} from "./options.ts";
import { type Passwords, passwords } from "./password.ts";

/** Longest time that `close` waits, in milliseconds. */
const CLOSE_MS = 25_000;

/**
 * Options of one call, beside those of the job.
 *
 * @example Give a call two seconds
 * ```ts
 * import { Producer } from "@faktory-ts/faktory/edge";
 * import { MemoryServer } from "@faktory-ts/faktory/testing";
 *
 * await using server = await MemoryServer.start();
 * await using producer = await Producer.connect({ url: server.url, transport: server.transport });
 * await producer.enqueue("resize", ["cat.png"], { signal: AbortSignal.timeout(2000) });
 * ```
 */
export interface CallOptions {
  /**
   * Cancels the call: it rejects with the signal's reason. A job that was already sent stays sent.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Enqueues jobs at a server that wants no password: {@linkcode Producer} without the code that
 * hashes one.
 *
 * @example Enqueue a job within a private network
 * ```ts ignore
 * import { PasswordlessProducer } from "@faktory-ts/faktory/edge";
 *
 * await using producer = await PasswordlessProducer.connect({ url: "tcp://10.0.0.7:7419" });
 * await producer.enqueue("resize", ["cat.png", 320]);
 * ```
 */
export class PasswordlessProducer implements AsyncDisposable {
  readonly #settings: Settings;
  readonly #passwords: Passwords | undefined;
  /** What `close` waits for. */
  readonly #calls = new Set<Promise<unknown>>();
  #link: Link | undefined;
  #opening: Promise<Link> | undefined;
  /** No more calls are taken. */
  #isClosed = false;
  /** Nothing more is sent. */
  #isOver = false;

  /** @internal */
  protected constructor(settings: Settings, passwords?: Passwords) {
    // JavaScript knows no private constructors.
    if (!settings?.target) throw refused("a constructor: use connect(options)");
    this.#settings = settings;
    this.#passwords = passwords;
  }

  /**
   * Connects to a server.
   *
   * @throws {ConfigError} if an option or the URL cannot be used. A password is refused.
   * @throws {ConnectError} if there is no server, it refuses, or it does not answer within
   * `connectTimeoutMs`; `AuthenticationError` if it wants a password.
   */
  static async connect(options: PasswordlessProducerOptions): Promise<PasswordlessProducer> {
    const settings = settingsOf(options);
    if (settings.password === undefined) {
      return await new PasswordlessProducer(settings).connected();
    }
    throw refused("a password as PasswordlessProducer cannot send one: use Producer");
  }

  /** @internal Connects the first time. */
  protected async connected(): Promise<this> {
    await this.#open();
    return this;
  }

  /**
   * Enqueues a job. Returns its jid once the server has confirmed it.
   *
   * Each call is one command (PUSHB) of its own; calls need not wait for each other.
   *
   * @example Enqueue two jobs at the same time
   * ```ts
   * import { Job, Producer } from "@faktory-ts/faktory/edge";
   * import { MemoryServer } from "@faktory-ts/faktory/testing";
   *
   * await using server = await MemoryServer.start();
   * await using producer = await Producer.connect({ url: server.url, transport: server.transport });
   * await Promise.all([
   *   producer.enqueue("resize", ["cat.png", 320], { queue: "images", retry: 5 }),
   *   producer.enqueue(new Job("resize", ["dog.png", 64], { queue: "images" })),
   * ]);
   * console.assert(server.snapshot().queues["images"] === 2);
   * ```
   *
   * @throws {InvalidJobError} if the server would refuse the job or silently change it. Nothing was
   * sent.
   * @throws {ServerError} if the server refuses the job; `NotUniqueError` if a unique job is
   * already there.
   * @throws {ConnectError} if the connection had been lost and cannot be restored. Nothing was
   * sent.
   * @throws {ConnectionLostError} if the connection was lost before the reply came, with the
   * `outcome` `unknown`: the server may have the job. It is a `TimeoutError` if no reply came
   * within `commandTimeoutMs`.
   */
  enqueue<Given extends string | object>(
    job: TypeOrJob<JobDefinitions, Given>,
    ...rest: EnqueueRest<JobDefinitions, Given, CallOptions>
  ): Promise<string>;
  enqueue(
    job: JobInput | string,
    second?: readonly unknown[] | CallOptions,
    options: JobOptions & CallOptions = {},
  ): Promise<string> {
    const isType = typeof job === "string";
    const { signal, ...fields } = isType ? options : second as CallOptions ?? {};
    return this.#call(signal, async () => {
      const { jid, json } = encodeCore(
        isType ? { ...fields, type: job, args: second as readonly unknown[] | undefined } : job,
      );
      const [reply] = (await this.#send(json)).values();
      if (reply !== undefined) throw serverError(reply);
      return jid;
    });
  }

  /**
   * Enqueues many jobs in commands (PUSHB) of up to 1000, one after the other.
   *
   * Some jobs may be refused and others enqueued: the result reports each. If the connection is
   * lost, the jobs of that command fail with the `outcome` `unknown`, and the next command restores
   * the connection. If it cannot be restored, or the server stops answering, the rest fails without
   * being sent.
   *
   * @example Enqueue jobs, one of which cannot be sent
   * ```ts
   * import { Producer } from "@faktory-ts/faktory/edge";
   * import { MemoryServer } from "@faktory-ts/faktory/testing";
   *
   * await using server = await MemoryServer.start();
   * await using producer = await Producer.connect({ url: server.url, transport: server.transport });
   * const { enqueued, failed } = await producer.enqueueMany([
   *   { type: "resize", args: ["cat.png", 320] },
   *   { type: "resize", args: ["dog.png", NaN] },
   * ]);
   * console.assert(enqueued.length === 1);
   * for (const error of failed.values()) console.assert(error.code === "INVALID_ARGS");
   * ```
   *
   * @throws {InvalidArgumentError} if `jobs` cannot be iterated. What the source throws is thrown,
   * too.
   */
  enqueueMany(jobs: JobSource, { signal }: CallOptions = {}): Promise<EnqueueManyResult> {
    return this.#call(signal, () => enqueueMany(jobs, (text) => this.#send(text), signal));
  }

  /**
   * Waits for calls in flight, for 25 s at most, and closes the connection. Later calls reject.
   * Calls that are still in flight reject with the `outcome` `unknown`; `enqueueMany` sends no
   * more.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    const { promise, resolve } = deferred();
    const cancelTimer = this.#settings.clock.after(CLOSE_MS, resolve);
    await Promise.race([Promise.allSettled(this.#calls), promise]);
    cancelTimer();
    this.#isOver = true;
    this.#link?.end(connectionLost(closed()));
  }

  /** As {@linkcode PasswordlessProducer.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #call<T>(signal: AbortSignal | undefined, begin: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closed();
    signal?.throwIfAborted();
    const call = begin();
    this.#calls.add(call);
    const { promise: aborted, reject } = deferred<never>();
    const abort = () => reject(signal!.reason);
    signal?.addEventListener("abort", abort);
    try {
      return await Promise.race([call, aborted]);
    } finally {
      signal?.removeEventListener("abort", abort);
      call.finally(() => this.#calls.delete(call)).catch(() => {});
    }
  }

  /**
   * A lone job goes as PUSHB, too: a server mixes up the `retry` of PUSHes on several connections.
   */
  async #send(jobs: string): Promise<Map<string, string>> {
    return await (await this.#open()).send(pushBulk(jobs));
  }

  /** The open link, or a new one; calls at the same time share it. */
  async #open(): Promise<Link> {
    if (this.#link !== undefined && this.#link.error === undefined) return this.#link;
    if (this.#isOver) throw closed();
    this.#opening ??= open(this.#settings, this.#passwords)
      .then((link) => {
        if (this.#isOver) link.end(closed());
        return this.#link = link;
      })
      .finally(() => this.#opening = undefined);
    return await this.#opening;
  }
}

/**
 * Enqueues jobs from Cloudflare Workers: the smallest producer, with the calls of the package's
 * own.
 *
 * If the connection is lost, the next call restores it once. A call whose reply was lost rejects
 * and is not repeated.
 *
 * @example Enqueue a job from a Worker
 * ```ts ignore
 * import { Producer } from "@faktory-ts/faktory/edge";
 *
 * export default {
 *   async fetch(request: Request, env: { FAKTORY_URL: string; FAKTORY_PASSWORD: string }) {
 *     await using producer = await Producer.connect({
 *       url: env.FAKTORY_URL,
 *       password: env.FAKTORY_PASSWORD,
 *     });
 *     const jid = await producer.enqueue("welcome", [await request.json()]);
 *     return Response.json({ jid }, { status: 202 });
 *   },
 * };
 * ```
 */
export class Producer extends PasswordlessProducer {
  /**
   * Connects to a server.
   *
   * @throws {ConfigError} if an option or the URL cannot be used.
   * @throws {ConnectError} if there is no server, it refuses, or it does not answer within
   * `connectTimeoutMs`; `AuthenticationError` if the password is missing or wrong.
   */
  static override async connect(options: ProducerOptions): Promise<Producer> {
    return await new Producer(settingsOf(options), passwords).connected();
  }
}

function closed(): StateError {
  return new StateError("CLOSED", "Cannot use the producer as it was closed");
}
