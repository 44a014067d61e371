import {
  builtinModule,
  environmentVariable,
  mayWrite,
  processId,
  shared,
} from "../internal/environment.ts";

/**
 * The environment variable in which a supervisor passes the folder for the files of running jobs.
 */
export const RUNNING_VARIABLE = "FAKTORY_RUNNING_JOBS";

/** A job that was running when its process died. */
export interface LostJob {
  /** The job's id. */
  readonly jid: string;
  /** The job's type; empty if type and queue are too long to be stored. */
  readonly type: string;
  /** The job's queue; empty if type and queue are too long to be stored. */
  readonly queue: string;
}

/** The functions of `node:fs` that are used here. */
interface FileSystem {
  openSync(path: string, flags: string): number;
  writeSync(file: number, bytes: Uint8Array, offset: number, length: number, at: number): number;
  closeSync(file: number): void;
  readFileSync(path: string): Uint8Array;
  readdirSync(path: string): string[];
  mkdtempSync(prefix: string): string;
  rmSync(path: string, options: { readonly recursive: true; readonly force: true }): void;
}

/** Size of a record including its end, in bytes. */
const RECORD = 512;

/** Ends a record. Bytes after it are left from an earlier record. */
const END = "\n".charCodeAt(0);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Number of files that consumers of this process have opened. */
const files = shared("running jobs' files", () => ({ count: 0 }));

/**
 * The running jobs of a consumer, in a file that outlives its process: a record of fixed size for
 * each slot, written before the job starts. This costs one write to the system's memory per start
 * and per end, and happens only if a supervisor asks for it.
 */
export class RunningJobsFile {
  readonly #fs: FileSystem;
  readonly #path: string;
  readonly #file: number;
  readonly #record = new Uint8Array(RECORD);

  /**
   * Opens a file for one more consumer of this process; returns `undefined` if no supervisor asks
   * for it, or if it cannot be opened.
   */
  static open(): RunningJobsFile | undefined {
    const folder = environmentVariable(RUNNING_VARIABLE);
    if (folder === undefined || folder === "") return undefined;
    const fs = builtinModule<FileSystem>("node:fs");
    if (fs === undefined || !mayWrite(folder)) return undefined;
    try {
      return new RunningJobsFile(fs, `${folder}/${processId()}-${files.count++}`);
    } catch {
      // The folder is gone or the disk is full. The jobs run again when their reservations end.
      return undefined;
    }
  }

  private constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.#path = path;
    this.#file = fs.openSync(path, "w");
  }

  /**
   * Records a job that is about to start in this slot and is reserved until this time, by the
   * machine's clock.
   */
  add(slot: number, { jid, type, queue }: LostJob, reservedUntil: number): void {
    const length = this.#encode([jid, type, queue, reservedUntil]) ||
      this.#encode([jid, "", "", reservedUntil]);
    if (length > 0) this.#write(slot, length);
  }

  /** Clears a slot. */
  remove(slot: number): void {
    this.#record[0] = END;
    this.#write(slot, 1);
  }

  /** Closes and removes the file. Called when no job runs any more. */
  close(): void {
    try {
      this.#fs.closeSync(this.#file);
      this.#fs.rmSync(this.#path, { recursive: true, force: true });
    } catch {
      // The supervisor has already removed it.
    }
  }

  /** Encodes a record. Returns its length, or 0 if it is too long. */
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
      // The disk is full. The job must run anyway.
    }
  }
}

/** A supervisor's folder for the running jobs of its processes. */
export class RunningJobsFolder {
  readonly path: string;
  readonly #fs: FileSystem;

  /** Creates a folder; returns `undefined` if the runtime cannot, or if the program may not. */
  static open(): RunningJobsFolder | undefined {
    const fs = builtinModule<FileSystem>("node:fs");
    try {
      const folder = builtinModule<{ tmpdir(): string }>("node:os")?.tmpdir();
      if (fs === undefined || folder === undefined || !mayWrite(folder)) return undefined;
      return new RunningJobsFolder(fs, fs.mkdtempSync(`${folder}/faktory-`));
    } catch {
      return undefined;
    }
  }

  private constructor(fs: FileSystem, path: string) {
    this.#fs = fs;
    this.path = path;
  }

  /**
   * Returns the jobs that a process was running when it ended and that are still reserved at `now`,
   * and removes its files.
   */
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
      // The slot is empty, or the process died while writing the record.
    }
  }
  return records;
}

function isRecord(value: unknown): value is JobRecord {
  return Array.isArray(value) && value.length === 4 &&
    value.slice(0, 3).every((part) => typeof part === "string") && typeof value[3] === "number";
}
