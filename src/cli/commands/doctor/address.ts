import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { resolveTarget } from "../../../connection/target.ts";
import { systemClock } from "../../../internal/clock.ts";
import { connectFailure, formatAddress } from "../../../transport/failures.ts";
import { serverOf } from "../../connect.ts";
import { ConnectError } from "../../../errors.ts";
import { formatCount } from "../../text.ts";
import { type Check, type Facts, type Finding, ok, required, timeoutOf, warning } from "./check.ts";
import { NoAnswerError, plainSocket, probe } from "./probe.ts";

/** Checks which server the flags and variables name, and that it accepts TCP connections. */
export const addressChecks: readonly Check[] = [
  { name: "url", run: url },
  { name: "dns", needs: ["url"], run: dns },
  { name: "tcp", needs: ["dns"], run: tcp },
];

async function url(facts: Facts): Promise<Finding> {
  const { flags, io } = facts;
  const server = facts.server = await serverOf(flags, io);
  const variable = (name: string) => io.env[name];
  const { target, password } = resolveTarget({ url: flags.url, tls: server.options.tls }, variable);
  facts.target = target;
  const isGiven = server.options.password !== undefined;
  facts.passwordFrom = !isGiven
    ? undefined
    : flags.password !== undefined
    ? "--password"
    : password !== undefined
    ? "the URL"
    : "FAKTORY_PASSWORD";
  const from = facts.passwordFrom === undefined
    ? "no password"
    : `password from ${facts.passwordFrom}`;
  return ok(`${server.url}, ${sourceOf(facts)}; ${from}`);
}

function sourceOf({ flags, io: { env } }: Facts): string {
  if (flags.url !== undefined) return "from --url";
  const provider = env["FAKTORY_PROVIDER"];
  if (provider) return `from the variable ${provider}, which FAKTORY_PROVIDER names`;
  if (env["FAKTORY_URL"]) return "from the variable FAKTORY_URL";
  return "the default, as neither --url nor FAKTORY_URL is set";
}

/** Maximum number of addresses to try. */
const MAX_ADDRESSES = 8;

async function dns(facts: Facts): Promise<Finding> {
  const target = required(facts.target);
  const { hostname } = target;
  if (isIP(hostname) !== 0) {
    facts.addresses = [hostname];
    return ok(`${hostname} is an IP address and needs no lookup`);
  }
  const since = performance.now();
  let found: string[];
  try {
    found = await withTimeout(facts, lookup(hostname, { all: true })).then((all) =>
      all.map(({ address }) => address)
    );
  } catch (cause) {
    if (facts.io.signal.aborted) throw facts.io.signal.reason;
    throw connectFailure(cause, target, "HOST_NOT_FOUND");
  }
  facts.addresses = [...new Set(found)];
  return ok(`${hostname} is ${facts.addresses.join(", ")}, looked up in ${elapsedSince(since)}`);
}

/** Limits the time of a DNS lookup. Some resolvers only give up after minutes. */
function withTimeout<T>(facts: Facts, promise: Promise<T>): Promise<T> {
  const { clock = systemClock, signal } = facts.io;
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    const cancelTimer = clock.after(timeoutOf(facts), () => reject(new Error("no answer in time")));
    promise.then(resolve, reject).finally(() => {
      cancelTimer();
      signal.removeEventListener("abort", abort);
    });
  });
}

interface Attempt {
  readonly address: string;
  readonly error?: ConnectError;
  readonly text: string;
}

async function tcp(facts: Facts): Promise<Finding> {
  const target = required(facts.target);
  const addresses = required(facts.addresses).slice(0, MAX_ADDRESSES);
  const attempts = await Promise.all(addresses.map((address) => attempt(facts, address)));
  const reached = attempts.filter(({ error }) => error === undefined);
  const failed = attempts.filter(({ error }) => error !== undefined);
  const [first] = reached;
  if (first === undefined) {
    // For a single address, its own error says more than a general one.
    throw failed[0]?.error ?? connectFailure(new Error("it has no address"), target);
  }
  facts.address = first.address;
  const text = `${formatAddress(target)} is reachable at ${
    reached.map(({ text }) => text).join(", ")
  }`;
  // A server on localhost usually listens on one of the two addresses.
  if (failed.length === 0 || /^localhost\.?$/i.test(target.hostname)) return ok(text);
  return warning(
    `${text}, but not at ${failed.map(({ address }) => address).join(", ")}`,
    `make the server listen on all ${
      formatCount(addresses.length, "address")
    }, or remove the others from DNS`,
  );
}

async function attempt(facts: Facts, address: string): Promise<Attempt> {
  const target = required(facts.target);
  const since = performance.now();
  try {
    await probe<void>(facts, {
      ms: timeoutOf(facts),
      open: plainSocket(facts, address),
      ask: (socket, { resolve }) => socket.once("connect", () => resolve()),
    });
    return { address, text: `${address} in ${elapsedSince(since)}` };
  } catch (cause) {
    if (facts.io.signal.aborted) throw facts.io.signal.reason;
    const error = cause instanceof NoAnswerError
      ? new ConnectError(
        "CONNECT_TIMEOUT",
        `Cannot connect to ${formatAddress(target)} as nothing answers there`,
      )
      : connectFailure(cause, target);
    return { address, error, text: address };
  }
}

/** Formats the time since then. */
export function elapsedSince(since: number): string {
  return milliseconds(performance.now() - since);
}

/** Formats a duration. */
export function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
