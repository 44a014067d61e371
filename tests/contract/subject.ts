import { FaktoryServer } from "../../src/server/mod.ts";
import { environmentVariable } from "../../src/internal/environment.ts";

/** A server that a suite is held against. */
export interface Subject {
  readonly name: string;
  /** Set once the suite has begun. */
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The embedded server always, and a real one where `FAKTORY_TEST_URL` names it. Everything in it is flushed. */
export function subjects(): Subject[] {
  const url = environmentVariable("FAKTORY_TEST_URL");
  const all: Subject[] = [embedded()];
  if (url !== undefined && url !== "") all.push(real(url));
  return all;
}

function embedded(): Subject {
  let server: FaktoryServer;
  return {
    name: "the embedded server",
    get url() {
      return server.url;
    },
    async start() {
      server = await FaktoryServer.start({ port: 0 });
    },
    stop: () => server.close(),
  };
}

function real(url: string): Subject {
  return {
    name: "a real server",
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
