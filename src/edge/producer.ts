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
 * Options of a call, next to the options of the job.
 *
 * @example Limit a call to two seconds
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
   * Aborts the call: it rejects with the signal's reason. A job that was already sent is not
   * withdrawn.
   *
   * @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Enqueues jobs on a server without a password: {@linkcode Producer} without the code for
 * passwords.
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
  /** Calls that `close` waits for. */
  readonly #calls = new Set<Promise<unknown>>();
  #link: Link | undefined;
  #opening: Promise<Link> | undefined;
  /** True if no more calls are accepted. */
  #isClosed = false;
  /** True if nothing more is sent. */
  #isOver = false;

  /** @internal */
  protected constructor(settings: Settings, passwords?: Passwords) {
    // JavaScript does not enforce private constructors.
    if (!settings?.target) throw refused("a constructor: use connect(options)");
    this.#settings = settings;
    this.#passwords = passwords;
  }

  /**
   * Connects to a server.
   *
   * @throws {ConfigError} if an option or the URL is invalid, or if there is a password.
   * @throws {ConnectError} if the server cannot be reached, refuses the connection, or does not
   * reply within `connectTimeoutMs`; `AuthenticationError` if it wants a password.
   */
  static async connect(options: PasswordlessProducerOptions): Promise<PasswordlessProducer> {
    const settings = settingsOf(options);
    if (settings.password === undefined) {
      return await new PasswordlessProducer(settings).connected();
    }
    throw refused("a password as PasswordlessProducer cannot send one: use Producer");
  }

  /** @internal Opens the first connection. */
  protected async connected(): Promise<this> {
    await this.#open();
    return this;
  }

  /**
   * Enqueues a job. Returns its jid when the server has confirmed it.
   *
   * Each call sends a separate command (PUSHB). Calls need not wait for each other.
   *
   * @example Enqueue two jobs at the same time
   * ```ts
   * import { Job, Producer } from "@faktory-ts/faktory/edge";
   * import { MemoryServer } from "@faktory-ts/faktory/testing";
   *
   * await using server = await MemoryServer.start();
   * const { url, transport } = server;
   * await using producer = await Producer.connect({ url, transport });
   * await Promise.all([
   *   producer.enqueue("resize", ["cat.png", 320], { queue: "images", retry: 5 }),
   *   producer.enqueue(new Job("resize", ["dog.png", 64], { queue: "images" })),
   * ]);
   * console.assert(server.snapshot().queues["images"] === 2);
   * ```
   *
   * @throws {InvalidJobError} if the server would refuse the job or silently change it. Nothing was
   * sent.
   * @throws {ServerError} if the server refuses the job; `NotUniqueError` if a unique job like it
   * exists.
   * @throws {ConnectError} if the connection was lost before and cannot be restored. Nothing was
   * sent.
   * @throws {ConnectionLostError} if the connection was lost before the reply, with the `outcome`
   * `unknown`: the server may have the job. It is a `TimeoutError` if there was no reply within
   * `commandTimeoutMs`.
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
   * The result lists the accepted jobs and the error of each other job, as the server may refuse
   * some of them. If the connection is lost, the jobs of that command fail with the `outcome`
   * `unknown`, and the next command restores the connection. If it cannot be restored, or the
   * server does not reply in time, the remaining jobs fail without being sent.
   *
   * @example Enqueue jobs, one of which is invalid
   * ```ts
   * import { Producer } from "@faktory-ts/faktory/edge";
   * import { MemoryServer } from "@faktory-ts/faktory/testing";
   *
   * await using server = await MemoryServer.start();
   * const { url, transport } = server;
   * await using producer = await Producer.connect({ url, transport });
   * const { enqueued, failed } = await producer.enqueueMany([
   *   { type: "resize", args: ["cat.png", 320] },
   *   { type: "resize", args: ["dog.png", NaN] },
   * ]);
   * console.assert(enqueued.length === 1);
   * for (const error of failed.values()) console.assert(error.code === "INVALID_ARGS");
   * ```
   *
   * @throws {InvalidArgumentError} if `jobs` is not iterable. Errors of the source are thrown too.
   */
  enqueueMany(jobs: JobSource, { signal }: CallOptions = {}): Promise<EnqueueManyResult> {
    return this.#call(signal, () => enqueueMany(jobs, (text) => this.#send(text), signal));
  }

  /**
   * Waits for calls in flight, for at most 25 s, and closes the connection. Later calls reject.
   * Calls that are still in flight reject with the `outcome` `unknown`; `enqueueMany` sends no more
   * jobs.
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

  /** Calls {@linkcode PasswordlessProducer.close}. */
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
   * Sends jobs with PUSHB, even a single one: a server mixes up the `retry` of PUSHes on several
   * connections.
   */
  async #send(jobs: string): Promise<Map<string, string>> {
    return await (await this.#open()).send(pushBulk(jobs));
  }

  /** Returns the open link, or opens one. Concurrent calls share it. */
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
 * Enqueues jobs from Cloudflare Workers: the smallest producer, with the methods of the package's
 * `Producer`.
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
   * @throws {ConfigError} if an option or the URL is invalid.
   * @throws {ConnectError} if the server cannot be reached, refuses the connection, or does not
   * reply within `connectTimeoutMs`; `AuthenticationError` if the password is missing or wrong.
   */
  static override async connect(options: ProducerOptions): Promise<Producer> {
    return await new Producer(settingsOf(options), passwords).connected();
  }
}

function closed(): StateError {
  return new StateError("CLOSED", "Cannot use the producer as it was closed");
}
