import { execFileSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { FaktoryServer, ServerEdition } from "../../src/server/mod.ts";
import { environmentVariable, runtime } from "../../src/internal/environment.ts";
import { systemClock } from "../../src/internal/clock.ts";
import { shifted } from "../faults/shifted_clock.ts";
import { startQuick } from "../server/quick.ts";

/** A server that a suite is held against. */
export interface Subject {
  readonly name: string;
  /** Set once the suite has begun. */
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Which edition it is. */
  readonly edition: ServerEdition;
  /** Its time, in milliseconds since 1970. */
  now(): number;
  /** Which version it says that it is. */
  readonly version: string;
}

/** The version that the embedded server is like. */
export const REFERENCE = "1.10.0";

/**
 * The embedded server always, and a real one where `FAKTORY_TEST_URL` names it;
 * `FAKTORY_TEST_EDITION=enterprise` says that it is Faktory Enterprise. Everything in it is
 * flushed.
 */
export function subjects(): Subject[] {
  const url = environmentVariable("FAKTORY_TEST_URL");
  const all: Subject[] = [embedded("the embedded server", "free")];
  if (url !== undefined && url !== "") all.push(real(url));
  return all;
}

/** The embedded server, whose clock may be ahead of its clients'. */
export function embedded(name: string, edition: ServerEdition, aheadMs = 0): Subject {
  const clock = shifted(systemClock, aheadMs);
  let server: FaktoryServer;
  return {
    name,
    edition,
    version: REFERENCE,
    now: () => clock.now(),
    get url() {
      return server.url;
    },
    async start() {
      server = await startQuick({ edition, clock });
    },
    stop: () => server.close(),
  };
}

function real(url: string): Subject {
  const edition = environmentVariable("FAKTORY_TEST_EDITION");
  return {
    name: "a real server",
    edition: edition === "enterprise" ? edition : "free",
    version: versionOf(url),
    url,
    now: () => Date.now(),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

/** Asked by another process, as tests are registered at once. */
function versionOf(url: string): string {
  const flags = { deno: ["run", "-A"], bun: [], node: ["--import", "tsx"], workerd: [] };
  const program = fileURLToPath(new URL("version.ts", import.meta.url));
  const args = [...flags[runtime() ?? "node"], program, url];
  return execFileSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 }).trim();
}

/**
 * Why something is skipped that came to Faktory with `version`; `false` where the server has it.
 */
export function unlessSince({ version: is }: Subject, version: string): string | false {
  const [parts, wanted] = [is, version].map((text) => text.split(".").map(Number)) as [
    number[],
    number[],
  ];
  const at = wanted.findIndex((part, index) => part !== parts[index]);
  const isOlder = at >= 0 && (parts[at] ?? 0) < wanted[at]!;
  return isOlder && `it needs Faktory ${version}, and this is ${is}`;
}

let count = 0;

/** A queue's name that no other test uses. */
export function freshQueue(): string {
  return `test-${Date.now().toString(36)}-${count++}`;
}
