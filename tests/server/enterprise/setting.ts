import assert from "node:assert/strict";
import { FaktoryServer, ManualClock } from "../../../src/server/mod.ts";
import { RawClient } from "../../contract/raw_client.ts";

/** Properties of a test's job. */
export interface JobFields {
  readonly custom?: Record<string, unknown> | undefined;
  readonly args?: readonly unknown[];
  readonly queue?: string;
  readonly at?: string;
  readonly retry?: number;
  readonly failure?: object;
  readonly reserve_for?: number;
}

/** An Enterprise server with a manual clock, and a client that sends raw lines. */
export class Setting implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly server: FaktoryServer;
  readonly client: RawClient;
  /** Another client, for use while the first waits. */
  readonly other: RawClient;

  private constructor(
    clock: ManualClock,
    server: FaktoryServer,
    [client, other]: readonly [RawClient, RawClient],
  ) {
    this.clock = clock;
    this.server = server;
    this.client = client;
    this.other = other;
  }

  static async start(): Promise<Setting> {
    const clock = new ManualClock();
    const server = await FaktoryServer.start({ port: 0, clock, edition: "enterprise" });
    const connect = () => RawClient.hello(server.url);
    return new Setting(clock, server, [await connect(), await connect()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    this.other.close();
    await this.server.close();
    assert.equal(this.clock.pending, 0);
  }

  /** Returns the time in `seconds`, in the form that jobs use. */
  in(seconds: number): string {
    return new Date(this.clock.now() + seconds * 1000).toISOString();
  }

  /** Returns a job's JSON. */
  job(jid: string, fields: JobFields): string {
    return JSON.stringify({ jid, jobtype: "x", args: [], ...fields });
  }

  /** Sends a PUSH, and returns the reply. */
  push(jid: string, fields: JobFields = {}): Promise<string> {
    return this.client.ask(`PUSH ${this.job(jid, fields)}`);
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 0));
  }

  /** Returns the first job of a queue, or `undefined` after two seconds. */
  // deno-lint-ignore no-explicit-any
  async fetch(queue = "default"): Promise<any> {
    this.client.say(`FETCH ${queue}`);
    const reply = this.client.reply();
    let isAnswered = false;
    void reply.then(() => isAnswered = true);
    await this.until(() => {
      if (this.server.snapshot().waiting > 0) this.clock.advance(2000);
      return isAnswered;
    });
    const text = await reply;
    return text === "$-1" ? undefined : JSON.parse(text);
  }

  /** Like `fetch`, but returns only the jid. */
  async next(queue = "default"): Promise<string | undefined> {
    return (await this.fetch(queue))?.jid;
  }

  async ack(jid: string): Promise<void> {
    assert.equal(await this.client.ask(`ACK ${JSON.stringify({ jid })}`), "+OK");
  }

  async fail(jid: string): Promise<void> {
    assert.equal(await this.client.ask(`FAIL ${JSON.stringify({ jid })}`), "+OK");
  }

  /** Fetches the next job of a queue, asserts its jid, and lets it succeed or fail. */
  async run(jid: string, end: "ack" | "fail" = "ack", queue = "default"): Promise<void> {
    assert.equal(await this.next(queue), jid);
    await this[end](jid);
  }

  /** Requeues all retries. */
  async retry(): Promise<void> {
    assert.equal(await this.client.ask(`MUTATE {"cmd":"requeue","target":"retries"}`), "+OK");
  }

  /**
   * Creates a batch with callbacks on the queue `callbacks`, whose jids are `complete-NAME` and
   * `success-NAME`.
   */
  async batch(
    name: string,
    callbacks: readonly ("complete" | "success")[],
    parent_bid?: string,
  ): Promise<string> {
    const jobs = callbacks.map((callback) => [
      callback,
      { jid: `${callback}-${name}`, jobtype: callback, args: [name], queue: "callbacks" },
    ]);
    const batch = { description: name, parent_bid, ...Object.fromEntries(jobs) };
    const bid = await this.client.ask(`BATCH NEW ${JSON.stringify(batch)}`);
    assert.match(bid, /^b-[\w-]+$/);
    return bid;
  }

  async commit(bid: string): Promise<void> {
    assert.equal(await this.client.ask(`BATCH COMMIT ${bid}`), "+OK");
  }

  // deno-lint-ignore no-explicit-any
  async status(bid: string): Promise<any> {
    return JSON.parse(await this.client.ask(`BATCH STATUS ${bid}`));
  }

  /** Returns a batch's counts and callbacks: total, pending, failed, complete, success. */
  async counts(bid: string): Promise<unknown[]> {
    const { total, pending, failed, complete_st, success_st } = await this.status(bid);
    return [total, pending, failed, complete_st, success_st];
  }
}
