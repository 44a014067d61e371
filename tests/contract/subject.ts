import { execFileSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { FaktoryServer, ServerEdition } from "../../src/server/mod.ts";
import { environmentVariable, runtime } from "../../src/internal/environment.ts";
import { systemClock } from "../../src/internal/clock.ts";
import { shifted } from "../faults/shifted_clock.ts";
import { startQuick } from "../server/quick.ts";

/** A server that the suites test. */
export interface Subject {
  readonly name: string;
  /** Set when the suite starts. */
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The server's edition. */
  readonly edition: ServerEdition;
  /** The server's time, in ms since 1970. */
  now(): number;
  /** The version that the server reports. */
  readonly version: string;
}

/** The version that the embedded server imitates. */
export const REFERENCE = "1.10.0";

/**
 * Returns the embedded server and, if `FAKTORY_TEST_URL` names one, a real server.
 * `FAKTORY_TEST_EDITION=enterprise` marks it as Faktory Enterprise. All its data are deleted.
 */
export function subjects(): Subject[] {
  const url = environmentVariable("FAKTORY_TEST_URL");
  const all: Subject[] = [embedded("the embedded server", "free")];
  if (url !== undefined && url !== "") all.push(real(url));
  return all;
}

/** Creates the embedded server. Its clock may be ahead of its clients'. */
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

/** Asks in another process, as tests must be registered synchronously. */
function versionOf(url: string): string {
  const flags = { deno: ["run", "-A"], bun: [], node: ["--import", "tsx"], workerd: [] };
  const program = fileURLToPath(new URL("version.ts", import.meta.url));
  const args = [...flags[runtime() ?? "node"], program, url];
  return execFileSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 }).trim();
}

/**
 * Returns the reason for skipping a feature that Faktory has since `version`. `false` if the server
 * has it.
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

/** Returns a queue name that no other test uses. */
export function freshQueue(): string {
  return `test-${Date.now().toString(36)}-${count++}`;
}
