/** What the load's process is started with, as JSON in its one argument. */
export interface Load {
  readonly url: string;
  readonly queue: string;
  /** Jobs a second. */
  readonly rate: number;
  readonly ms: number;
}

/** How the load's process is, every few seconds: a line of JSON on its standard output. */
export interface Sample {
  readonly seconds: number;
  /** Jobs whose enqueue was called. */
  readonly sent: number;
  /** Jobs whose handler has ended well. */
  readonly done: number;
  /** Enqueues that have not resolved, and jobs that run. */
  readonly underWay: number;
  /** In use after a garbage collection, in bytes. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly handles: Handles;
  /** By how much timers came late since the last sample, in milliseconds. */
  readonly lagMs: { readonly p99: number; readonly max: number };
  /** Connections that were lost, up to now. */
  readonly lost: number;
}

/** What the process holds open. */
export interface Handles {
  /** Files and sockets, as the system counts them; `undefined` where it does not tell. */
  readonly files: number | undefined;
  /** What keeps the event loop, as the runtime counts it: always none in Bun, which does not tell. */
  readonly resources: number;
}

/** The last line, once all was closed. */
export interface End {
  /** Before anything was opened, but for once, to load what is loaded then. */
  readonly before: Handles;
  readonly after: Handles;
  readonly sent: number;
  /** Enqueues that rejected, of a producer that ought not to. */
  readonly refused: number;
  /** Jobs that the server was said to have, and that never ended well. */
  readonly missing: number;
  /** Jobs that ended well twice, though their enqueue was not in doubt. */
  readonly twice: number;
  /** Jobs that ended well twice as a connection was lost while they were being enqueued. */
  readonly twiceInDoubt: number;
  /** Times that producers and consumers were opened, used and closed on the side. */
  readonly openedAndClosed: number;
  /** What went wrong that should not, the first few. */
  readonly errors: readonly string[];
}
