import type { PeerCertificate } from "node:tls";
import { systemClock } from "../../../internal/clock.ts";
import { runtime } from "../../../internal/environment.ts";
import { formatAddress, tlsFailure, verifiedName } from "../../../transport/failures.ts";
import { Status } from "../../status.ts";
import { formatCount, printable } from "../../text.ts";
import {
  type Check,
  type Facts,
  faultError,
  type Finding,
  ok,
  required,
  skipped,
  warning,
} from "./check.ts";
import { firstLine, plainSocket, tlsHandshake, type TlsResult } from "./probe.ts";

/** Checks that TLS works and that the certificate is trusted. */
export const tlsChecks: readonly Check[] = [{ name: "tls", needs: ["tcp"], run }];

const DAY_MS = 864e5;
/** Remaining days under which a certificate should already be renewed. */
const SOON_DAYS = 14;
/** Time limit in ms. A server that is not Faktory may send nothing. */
const GREETING_MS = 1000;

async function run(facts: Facts): Promise<Finding> {
  const target = required(facts.target);
  if (target.tls === undefined) return skipped("not used by tcp:// URLs");
  if (target.tls.rejectUnauthorized === false && runtime() === "deno") {
    throw faultError(
      Status.usage,
      "Cannot use --insecure in Deno, which verifies every certificate",
      "use --ca, or run Deno with --unsafely-ignore-certificate-errors=HOST",
    );
  }
  let found: TlsResult;
  try {
    found = await tlsHandshake(facts);
  } catch (cause) {
    if (facts.io.signal.aborted) throw facts.io.signal.reason;
    if (await greetsPlainly(facts)) throw noTls(facts);
    throw tlsFailure(cause, target, false);
  }
  const now = (facts.io.clock ?? systemClock).now();
  const problem = problemOf(found, { now, name: verifiedName(target) });
  const text = describe(found, now);
  if (problem === undefined) {
    const days = daysLeft(found.certificate, now);
    return days < SOON_DAYS
      ? warning(`${text}; it expires in ${formatCount(days, "day")}`, "renew it")
      : ok(`verified; ${text}`);
  }
  const [what, hint] = problem;
  if (target.tls.rejectUnauthorized === false) {
    return warning(`not verified (--insecure): ${what}; ${text}`, hint);
  }
  throw faultError(Status.unavailable, `${what}; ${text}`, hint);
}

/** Returns why a certificate is not trusted, and how to fix it. */
export function problemOf(
  { certificate, isVerified, wrongName }: TlsResult,
  { now, name }: { readonly now: number; readonly name: string },
): [what: string, hint: string] | undefined {
  if (isVerified) return undefined;
  const from = Date.parse(certificate.valid_from);
  const to = Date.parse(certificate.valid_to);
  if (to < now) {
    return [
      `its certificate expired on ${day(to)}`,
      "renew it, or correct this machine's clock",
    ];
  }
  if (from > now) {
    return [`its certificate is not valid before ${day(from)}`, "check this machine's clock"];
  }
  if (wrongName) {
    return [`its certificate is not for ${name}`, "use a name from the certificate in the URL"];
  }
  return [
    "its certificate is from an authority that is not trusted",
    "pass the certificate of its authority with --ca",
  ];
}

function describe({ certificate, protocol }: TlsResult, now: number): string {
  const { subject, issuer, subjectaltname } = certificate;
  const names = (subjectaltname ?? "").split(", ").map((name) => name.replace(/^[^:]+:/, ""));
  const days = daysLeft(certificate, now);
  return printable([
    `for ${names.filter((name) => name !== "").join(", ") || commonName(subject)}`,
    `from ${commonName(issuer)}`,
    ...days < 0 ? [] : [`${formatCount(days, "day")} left`],
    protocol,
  ].join(", "));
}

function commonName(of: PeerCertificate["subject"] | undefined): string {
  const { CN, O } = of ?? {};
  return [CN ?? O ?? "an unnamed one"].flat().join(" ");
}

function daysLeft({ valid_to }: PeerCertificate, now: number): number {
  return Math.floor((Date.parse(valid_to) - now) / DAY_MS);
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

async function greetsPlainly(facts: Facts): Promise<boolean> {
  try {
    return (await firstLine(facts, plainSocket(facts), GREETING_MS)).startsWith("+HI");
  } catch {
    return false;
  }
}

function noTls(facts: Facts) {
  return faultError(
    Status.unavailable,
    `${formatAddress(required(facts.target))} is a Faktory server without TLS`,
    "use tcp://, without --ca, --cert and --insecure",
  );
}
