import assert from "node:assert/strict";
import { ConnectError, ConnectionLostError, ServerError, VersionError } from "../../src/errors.ts";
import { dial } from "../../src/connection/dial.ts";
import type { Delivery } from "../../src/connection/reconnect_options.ts";
import { ReconnectingConnection } from "../../src/connection/reconnecting_connection.ts";
import { request } from "../../src/connection/request.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { ManualClock } from "../../src/internal/clock.ts";
import { parseText, type Resend } from "../../src/protocol/commands/command.ts";
import type { Reply } from "../../src/protocol/reply.ts";
import { Peer } from "./peer.ts";

/** One event on a connection. `which` and `count` are reduced to a valid value. */
export type Action =
  | {
    readonly do: "send";
    readonly resend: Resend;
    readonly signal: boolean;
    readonly within?: number;
  }
  | { readonly do: "abort"; readonly which: number }
  /** The server answers so many commands, with an error if `refuses` is set. */
  | { readonly do: "reply"; readonly count: number; readonly refuses: boolean }
  /** The first part of a reply arrives. The rest arrives with the next reply. */
  | { readonly do: "half" }
  /** "silence": the server of this connection stops answering. */
  | { readonly do: "cut" | "reset" | "too many" | "shutdown" | "garbage" | "silence" }
  /** Silent servers answer everything that they have read. */
  | { readonly do: "speak" }
  /** "hold": writes do not end any more. "release": they end again. */
  | { readonly do: "hold" | "release" }
  | { readonly do: "wait"; readonly ms: number }
  /** Dialling fails until "heal". */
  | { readonly do: "refuse"; readonly final: boolean }
  | { readonly do: "heal" };

/** An action, and the number of microtask turns before the next one. */
export interface Step {
  readonly action: Action;
  readonly turns: number;
}

/** Configuration and steps of one run. */
export interface Setting {
  readonly delivery: Delivery;
  readonly attempts: number;
  readonly steps: readonly Step[];
}

const CONNECT_TIMEOUT_MS = 400;
const COMMAND_TIMEOUT_MS = 1000;
const GRACE_MS = 300;
const ABORT_REASON = new Error("aborted");

/** A command and its observed results. */
interface SentCommand {
  readonly id: number;
  readonly resend: Resend;
  readonly notAfter: number | undefined;
  readonly stop: AbortController | undefined;
  /** Times at which it was written to a connection. */
  readonly passes: number[];
  /** Number of writes after the call was aborted. Must stay 0. */
  passesAborted: number;
  isAborted: boolean;
  /** True if the call settled soon after its abort. */
  wasHeard: boolean;
  /**
   * State at the time of the reply: the `resent` flag that `parse` got, and the number of
   * connections that had received the command.
   */
  answer: { readonly resent: boolean | undefined; readonly came: number } | undefined;
  /** Number of times that its promise settled. */
  settled: number;
  end: { readonly value: string } | { readonly error: unknown } | undefined;
}

/** A connection, from the side of its server. */
interface Connection {
  readonly peer: Peer;
  /** Number of its commands that have an answer. */
  answered: number;
  /** Rest of a reply whose first part was sent. */
  rest: string;
  /** True if it has answered the INFO that proves a new connection. */
  isProven: boolean;
  /** True if the server refused it after the handshake and read nothing more. */
  isRefused: boolean;
  isSilent: boolean;
}

/** Actions that may happen in the middle of a turn. All others wait for its end. */
const AT_ONCE: ReadonlySet<Action["do"]> = new Set(["send", "abort", "hold", "release"]);

/** Runs the steps of a setting on a connection. {@linkcode Model.audit} checks the results. */
export class Model {
  readonly clock = new ManualClock();
  readonly sent: SentCommand[] = [];
  readonly #connections: Connection[] = [];
  readonly #setting: Setting;
  readonly #connection: ReconnectingConnection;
  #refusal: Error | undefined;
  #isHeld = false;
  #release: () => void = () => {};
  /** Times at which the connection gave up and rejected the waiting commands. */
  readonly #gaveUpAt: number[] = [];
  #gaveUpFinally: Error | undefined;

  constructor(setting: Setting) {
    this.#setting = setting;
    const { delivery, attempts } = setting;
    const { clock } = this;
    this.#connection = new ReconnectingConnection({
      clock,
      delivery,
      reconnect: { initialMs: 100, maxMs: 400, attempts },
      graceMs: GRACE_MS,
      dial: (signal, isAgain) =>
        dial({
          prove: isAgain,
          target: { hostname: "localhost", port: 7419 },
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          commandTimeoutMs: COMMAND_TIMEOUT_MS,
          clock,
          transport: { name: "memory", connect: () => this.#connect() },
        }, signal),
      listener: {
        disconnected: (error, retryInMs) => {
          if (retryInMs !== undefined) return;
          this.#gaveUpAt.push(clock.now());
          if (error instanceof VersionError || attempts === 0) this.#gaveUpFinally = error;
        },
        reconnected: () => {},
      },
    });
  }

  /** Opens the connection, runs all steps, then repairs everything until no command waits. */
  async run(): Promise<void> {
    await this.#connection.open();
    for (const { action, turns } of this.#setting.steps) {
      // Data for a connection must arrive before the event that ends it.
      if (!AT_ONCE.has(action.do)) await turn();
      this.#act(action);
      await turn(turns);
    }
    await this.#end();
    this.audit();
  }

  #connect() {
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal);
    const peer = new Peer();
    if (this.#isHeld) this.#hold(peer);
    const connection: Connection = {
      ...{ peer, answered: 0, rest: "", isProven: false, isRefused: false, isSilent: false },
    };
    this.#connections.push(connection);
    peer.onLine = (line) => {
      if (line !== "INFO") return;
      connection.isProven = this.#say(connection, "$2\r\n{}\r\n");
    };
    // Fails if the connection was closed before the greeting.
    peer.greet().catch(() => {});
    return Promise.resolve(peer.connection);
  }

  #act(action: Action): void {
    const connection = this.#connections.at(-1)!;
    switch (action.do) {
      case "send":
        return this.#send(action);
      case "abort": {
        const open = this.sent.filter(({ stop, end }) => stop !== undefined && end === undefined);
        const sent = open[action.which % open.length];
        if (sent === undefined) return;
        sent.isAborted = true;
        sent.stop!.abort(ABORT_REASON);
        return void turn(3).then(() => sent.wasHeard = sent.end !== undefined);
      }
      case "reply":
        for (let i = 0; i < action.count; i++) this.#reply(connection, action.refuses);
        return;
      case "half":
        if (connection.rest === "") this.#replyHalf(connection);
        return;
      case "cut":
        return connection.peer.end();
      case "reset":
        return connection.peer.reset(new Error("reset"));
      case "too many":
        if (connection.answered > 0 || connection.isProven || connection.rest !== "") return;
        connection.isRefused = this.#say(connection, "-ERR too many connections: 2001\r\n") ||
          connection.isRefused;
        return;
      case "shutdown":
        if (connection.rest !== "") return;
        return void this.#say(connection, "-ERR shutdown in progress\r\n");
      case "garbage":
        return void this.#say(connection, "HTTP/1.1 400\r\n");
      case "silence":
        connection.isSilent = true;
        return;
      case "speak":
        for (const silent of this.#connections.filter(({ isSilent }) => isSilent)) {
          silent.isSilent = false;
          for (let left = this.sent.length; left > 0; left--) this.#reply(silent, false);
        }
        return;
      case "hold":
        this.#isHeld = true;
        return this.#hold(connection.peer);
      case "release":
        return this.#releaseAll();
      case "wait":
        return this.clock.advance(action.ms);
      case "refuse":
        this.#refusal = action.final
          ? new VersionError("UNSUPPORTED_VERSION", "no")
          : new ConnectError("CONNECTION_REFUSED", "refused");
        return;
      case "heal":
        this.#refusal = undefined;
    }
  }

  #send({ resend, signal, within }: Action & { do: "send" }): void {
    const { clock } = this;
    const sent: SentCommand = {
      id: this.sent.length,
      resend,
      notAfter: within === undefined ? undefined : clock.now() + within,
      stop: signal ? new AbortController() : undefined,
      passes: [],
      passesAborted: 0,
      isAborted: false,
      wasHeard: true,
      answer: undefined,
      settled: 0,
      end: undefined,
    };
    this.sent.push(sent);
    const command = {
      verb: `C${sent.id}`,
      payload: "",
      resend,
      parse: (reply: Reply, resent?: boolean) => {
        sent.answer = { resent, came: this.#came(sent).length };
        return parseText(reply);
      },
    };
    const promise = request(
      (entry) => {
        entry.sending = () => {
          sent.passes.push(clock.now());
          if (sent.isAborted) sent.passesAborted++;
        };
        this.#connection.send(entry);
      },
      command,
      { notAfter: sent.notAfter, signal: sent.stop?.signal },
    );
    promise.then(
      (value) => void (sent.settled++, sent.end = { value }),
      (error) => void (sent.settled++, sent.end = { error }),
    );
  }

  /** Returns the ids of the commands that a connection received, in order. */
  #ids({ peer }: Connection): number[] {
    return peer.lines.filter((line) => /^C\d+$/.test(line)).map((line) => Number(line.slice(1)));
  }

  /** Returns the connections that received a command. */
  #came({ id }: SentCommand): Connection[] {
    return this.#connections.filter((connection) => this.#ids(connection).includes(id));
  }

  #reply(connection: Connection, refuses: boolean): void {
    if (connection.rest !== "") {
      if (this.#say(connection, connection.rest)) connection.answered++;
      connection.rest = "";
      return;
    }
    const id = this.#ids(connection)[connection.answered];
    if (id === undefined) return;
    const text = refuses ? `-ERR refused ${id}\r\n` : `+reply ${id}\r\n`;
    if (this.#say(connection, text)) connection.answered++;
  }

  #replyHalf(connection: Connection): void {
    const id = this.#ids(connection)[connection.answered];
    if (id === undefined) return;
    if (!this.#say(connection, `$${`reply ${id}`.length}\r\nrep`)) return;
    connection.rest = `ly ${id}\r\n`;
  }

  /** Returns true unless one of the sides has closed the connection. */
  #say({ peer, isRefused, isSilent }: Connection, text: string): boolean {
    if (peer.isClosed || isRefused || isSilent) return false;
    try {
      peer.say(text);
      return true;
    } catch {
      return false;
    }
  }

  #hold(peer: Peer): void {
    const { promise, resolve } = deferred();
    peer.hold = promise;
    const before = this.#release;
    this.#release = () => {
      before();
      resolve();
      peer.hold = undefined;
    };
  }

  #releaseAll(): void {
    this.#isHeld = false;
    this.#release();
    this.#release = () => {};
  }

  async #end(): Promise<void> {
    this.#refusal = undefined;
    this.#releaseAll();
    for (let i = 0; i < 60 && this.sent.some(({ end }) => end === undefined); i++) {
      await turn();
      for (const connection of this.#connections) {
        for (let left = this.sent.length; left > 0; left--) this.#reply(connection, false);
      }
      await turn();
      // Long enough for a silent connection to time out, and for the next attempt to begin.
      if (this.sent.some(({ end }) => end === undefined)) this.clock.advance(400);
    }
    const ending = this.#connection.end();
    await turn();
    for (const { peer } of this.#connections) peer.end();
    await ending;
    await turn();
  }

  /** @throws {AssertionError} on the first violation. */
  audit(): void {
    for (const connection of this.#connections) {
      const ids = this.#ids(connection);
      assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b), "out of order, or sent twice");
    }
    for (const sent of this.sent) this.#check(sent);
    assert.equal(this.clock.pending, 0, "a timer is left");
  }

  #check(sent: SentCommand): void {
    const { id, end, resend, passes, notAfter } = sent;
    const is = (condition: boolean, what: string) => assert(condition, `C${id}: ${what}`);
    is(end !== undefined && sent.settled === 1, "never settled");
    const came = this.#came(sent);
    const lookedAt = came.filter(({ isRefused }) => !isRefused);
    const mayTwice = this.#setting.attempts > 0 &&
      (resend === "safe" || (resend === "once" && this.#setting.delivery === "at-least-once"));
    is(mayTwice || lookedAt.length <= 1, "sent again, though it must not be");
    is(sent.wasHeard, "aborted, and does not settle at once");
    is(sent.passesAborted === 0, "sent after it was aborted");
    is(notAfter === undefined || passes.every((at) => at <= notAfter), "sent after its deadline");
    is(
      sent.answer === undefined || sent.answer.came === came.length,
      "sent again after its answer",
    );
    if ("value" in end!) {
      is(end.value === `reply ${id}`, `was given ${end.value}`);
      return is(sent.answer?.resent === lookedAt.length > 1, "resent is wrong");
    }
    this.#checkError(sent, end!.error, { came: came.length, lookedAt: lookedAt.length });
  }

  #checkError(
    { id, isAborted, resend, notAfter }: SentCommand,
    error: unknown,
    { came, lookedAt }: { came: number; lookedAt: number },
  ): void {
    const is = (condition: boolean, what: string) =>
      assert(condition, `C${id}: ${what}, got ${error}`);
    // The original error goes only to commands that no server has read.
    if (error === this.#gaveUpFinally) return is(lookedAt === 0, "the server has seen it");
    if (error instanceof ServerError) {
      return is(error.reply === `ERR refused ${id}`, "the refusal of another");
    }
    if (isAborted && error === ABORT_REASON) return;
    if (!(error instanceof ConnectionLostError)) return is(false, "an error of another kind");
    const isLate = error.code === "DEADLINE_PASSED";
    if (isLate) is(notAfter !== undefined && notAfter < this.clock.now(), "is not late");
    if (error.outcome === "not-sent") {
      is(lookedAt === 0, "the server has seen it");
      is(isLate || this.#gaveUpAt.length > 0, "never sent, for no reason");
    } else {
      is(came > 0, "the server cannot have seen it");
      const isResent = this.#setting.attempts > 0 &&
        (resend === "safe" || (resend === "once" && this.#setting.delivery === "at-least-once"));
      is(!isResent || isLate || this.#gaveUpAt.length > 0, "not sent again, for no reason");
    }
  }
}

/** Runs all microtasks. There are no real timers here. */
async function turn(count = 80): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}
