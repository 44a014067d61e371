import { Producer } from "../../../../mod.ts";
import { ConnectError } from "../../../errors.ts";
import { parseGreeting } from "../../../protocol/handshake.ts";
import { formatAddress } from "../../../transport/failures.ts";
import { Status } from "../../status.ts";
import {
  type Check,
  type Facts,
  faultError,
  type Finding,
  ok,
  required,
  timeoutOf,
  warning,
} from "./check.ts";
import { firstLine, NoAnswerError, plainSocket, secureSocket, tlsHandshake } from "./probe.ts";

/** Checks that this is a Faktory server, and that it accepts the password. */
export const protocolChecks: readonly Check[] = [
  { name: "greeting", needs: ["tcp", "tls"], run: greeting },
  { name: "password", needs: ["greeting"], run: password },
];

/** Time limit for the greeting, in ms. A Faktory server greets at once. */
const GREETING_MS = 3000;

async function greeting(facts: Facts): Promise<Finding> {
  const target = required(facts.target);
  const isPlain = target.tls === undefined;
  const ms = timeoutOf(facts, GREETING_MS);
  let line: string;
  try {
    line = await firstLine(facts, isPlain ? plainSocket(facts) : secureSocket(facts), ms);
  } catch (cause) {
    if (facts.io.signal.aborted) throw facts.io.signal.reason;
    if (isPlain && await speaksTls(facts)) throw wantsTls(facts);
    throw new ConnectError(
      "CONNECT_FAILED",
      `Cannot talk to ${formatAddress(target)} as it ${
        cause instanceof NoAnswerError
          ? `sent no greeting within ${ms / 1000} s`
          : "closed the connection without a greeting"
      }`,
      { cause },
    );
  }
  const { version, salt } = facts.greeting = parseGreeting(line.trimEnd().replace(/^\+/, ""));
  return ok(
    `version ${version} of the Faktory protocol, ${
      salt === undefined ? "no " : ""
    }password required`,
  );
}

async function speaksTls(facts: Facts): Promise<boolean> {
  try {
    await tlsHandshake(facts, timeoutOf(facts, GREETING_MS));
    return true;
  } catch {
    return false;
  }
}

function wantsTls(facts: Facts) {
  return faultError(
    Status.unavailable,
    `${formatAddress(required(facts.target))} uses TLS, but the URL is tcp://`,
    "use tcp+tls://",
  );
}

async function password(facts: Facts): Promise<Finding> {
  // Connects like all other commands, so that it finds the same errors.
  facts.producer = await Producer.connect({ ...required(facts.server).options, reconnect: false });
  const { passwordFrom } = facts;
  if (required(facts.greeting).salt !== undefined) {
    return ok(`the one from ${passwordFrom} is correct`);
  }
  if (passwordFrom !== undefined) {
    return warning(
      `none is required, but there is one from ${passwordFrom}`,
      "check that this is the right server, and that it was started with its password",
    );
  }
  if (isLocal(required(facts.address))) return ok("none is required, and none is given");
  return warning(
    "none is required: anyone who can reach the server can use it",
    "start the server with FAKTORY_PASSWORD, or restrict who can reach it",
  );
}

function isLocal(address: string): boolean {
  return /^(127\.|::1$|::ffff:127\.)/.test(address);
}
