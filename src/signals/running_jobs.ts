import {
  builtinModule,
  environmentVariable,
  mayWrite,
  processId,
  shared,
} from "../internal/environment.ts";

/**
 * The variable in which a supervisor names the folder where its processes keep the jobs that they
 * run.
 */
export const RUNNING_VARIABLE = "FAKTORY_RUNNING_JOBS";

/** A job that a process ran when it died. */
export interface LostJob {
  /** The job's id. */
  readonly jid: string;
  /** Its type; empty if its names are too long to be kept. */
  readonly type: string;
  /** The queue that it came from; empty if its names are too long to be kept. */
  readonly queue: string;
}

/** The part of `node:fs` that is used. */
interface Files {
  openSync(path: string, flags: string): number;
  writeSync(file: number, bytes: Uint8Array, offset: number, length: number, at: number): number;
  closeSync(file: number): void;
  readFileSync(path: string): Uint8Array;
  readdirSync(path: string): string[];
  mkdtempSync(prefix: string): string;
  rmSync(path: string, options: { readonly recursive: true; readonly force: true }): void;
}

/** Bytes of a record, its end included. */
const RECORD = 512;

/** Ends a record; what follows is left of an earlier one. */
const END = "\n".charCodeAt(0);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Consumers of this process that have kept a file so far. */
const files = shared("running jobs' files", () => ({ count: 0 }));

/**
 * The jobs that a consumer runs, in a file that outlives its process: a record of fixed length for
 * each slot, written before the job starts. That is one write to the system's memory for each start
 * and each end, and only where a supervisor asks for it.
 */
export class RunningJobsFile {
  readonly #fs: Files;
  readonly #path: string;
  readonly #file: number;
  readonly #record = new Uint8Array(RECORD);

  /**
   * The file of one more consumer of this process; `undefined` without a supervisor that asks for
   * it, or if it cannot be had.
   */
  static open(): RunningJobsFile | undefined {
    const folder = environmentVariable(RUNNING_VARIABLE);
    if (folder === undefined || folder === "") return undefined;
    const fs = builtinModule<Files>("node:fs");
    if (fs === undefined || !mayWrite(folder)) return undefined;
    try {
      return new RunningJobsFile(fs, `${folder}/${processId()}-${files.count++}`);
    } catch {
      // The folder is gone, or the disk is full: the jobs come back when their reservations end.
      return undefined;
    }
  }

  private constructor(fs: Files, path: string) {
    this.#fs = fs;
    this.#path = path;
    this.#file = fs.openSync(path, "w");
  }

  /** A job is about to start in this slot, and is reserved until then, by the machine's clock. */
  add(slot: number, { jid, type, queue }: LostJob, reservedUntil: number): void {
    const length = this.#encode([jid, type, queue, reservedUntil]) ||
      this.#encode([jid, "", "", reservedUntil]);
    if (length > 0) this.#write(slot, length);
  }

  /** The slot is free. */
  remove(slot: number): void {
    this.#record[0] = END;
    this.#write(slot, 1);
  }

  /** No job runs any more. */
  close(): void {
    try {
      this.#fs.closeSync(this.#file);
      this.#fs.rmSync(this.#path, { recursive: true, force: true });
    } catch {
      // The supervisor has removed it.
    }
  }

  /** The length of the record; 0 if it is too long. */
  #encode(values: readonly unknown[]): number {
    const text = JSON.stringify(values);
    const { read, written } = encoder.encodeInto(text, this.#record.subarray(0, RECORD - 1));
    if (read < text.length) return 0;
    this.#record[written] = END;
    return written + 1;
  }

  #write(slot: number, length: number): void {
    try {
      this.#fs.writeSync(this.#file, this.#record, 0, length, slot * RECORD);
    } catch {
      // The disk is full: a job must run all the same.
    }
  }
}

/** A supervisor's folder for the jobs that its processes run. */
export class RunningJobsFolder {
  readonly path: string;
  readonly #fs: Files;

  /** Makes a folder; `undefined` if the runtime cannot, or the program may not. */
  static open(): RunningJobsFolder | undefined {
    const fs = builtinModule<Files>("node:fs");
    try {
      const folder = builtinModule<{ tmpdir(): string }>("node:os")?.tmpdir();
      if (fs === undefined || folder === undefined || !mayWrite(folder)) return undefined;
      return new RunningJobsFolder(fs, fs.mkdtempSync(`${folder}/faktory-`));
    } catch {
      return undefined;
    }
  }

  private constructor(fs: Files, path: string) {
    this.#fs = fs;
    this.path = path;
  }

  /** The jobs that a process ran when it ended and that are reserved after `now`; forgets them. */
  take(pid: number, now: number): LostJob[] {
    try {
      return this.#fs.readdirSync(this.path)
        .filter((name) => name.startsWith(`${pid}-`))
        .flatMap((name) => this.#read(`${this.path}/${name}`, now));
    } catch {
      return [];
    }
  }

  /** Removes the folder. */
  close(): void {
    try {
      this.#fs.rmSync(this.path, { recursive: true, force: true });
    } catch {
      // A process that outlives the supervisor has just written to it.
    }
  }

  #read(path: string, now: number): LostJob[] {
    const bytes = this.#fs.readFileSync(path);
    this.#fs.rmSync(path, { recursive: true, force: true });
    return recordsOf(bytes).flatMap(([jid, type, queue, reservedUntil]) =>
      reservedUntil > now ? [{ jid, type, queue }] : []
    );
  }
}

type JobRecord = readonly [jid: string, type: string, queue: string, reservedUntil: number];

function recordsOf(bytes: Uint8Array): JobRecord[] {
  const records: JobRecord[] = [];
  for (let at = 0; at < bytes.length; at += RECORD) {
    const slot = bytes.subarray(at, at + RECORD);
    try {
      const record: unknown = JSON.parse(decoder.decode(slot.subarray(0, slot.indexOf(END))));
      if (isRecord(record)) records.push(record);
    } catch {
      // The slot is empty, or the process died while it wrote this.
    }
  }
  return records;
}

function isRecord(value: unknown): value is JobRecord {
  return Array.isArray(value) && value.length === 4 &&
    value.slice(0, 3).every((part) => typeof part === "string") && typeof value[3] === "number";
}
