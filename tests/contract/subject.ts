import type { FaktoryServer, ServerEdition } from "../../src/server/mod.ts";
import { environmentVariable } from "../../src/internal/environment.ts";
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
}

/**
 * The embedded server always, and a real one where `FAKTORY_TEST_URL` names it; `FAKTORY_TEST_EDITION=enterprise` says that it
 * is Faktory Enterprise. Everything in it is flushed.
 */
export function subjects(): Subject[] {
  const url = environmentVariable("FAKTORY_TEST_URL");
  const all: Subject[] = [embedded("the embedded server", "free")];
  if (url !== undefined && url !== "") all.push(real(url));
  return all;
}

/** The embedded server. */
export function embedded(name: string, edition: ServerEdition): Subject {
  let server: FaktoryServer;
  return {
    name,
    edition,
    get url() {
      return server.url;
    },
    async start() {
      server = await startQuick({ edition });
    },
    stop: () => server.close(),
  };
}

function real(url: string): Subject {
  const edition = environmentVariable("FAKTORY_TEST_EDITION");
  return {
    name: "a real server",
    edition: edition === "enterprise" ? edition : "free",
    url,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

let count = 0;

/** A queue's name that no other test uses. */
export function freshQueue(): string {
  return `test-${Date.now().toString(36)}-${count++}`;
}
