import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileModule, FileStat, Modules } from "../../src/server/store/modules.ts";
import type { DiskClock, SimulatedDisk } from "./disk.ts";
import { FileNode, FolderNode, type Node } from "./disk_nodes.ts";

/** A process that uses a {@linkcode SimulatedDisk}. */
export interface DiskProcess {
  /** Replacements for the runtime's modules, for the store of a server in this process. */
  readonly modules: Modules;
  /** The number of calls so far. */
  readonly calls: number;
  /**
   * Makes the process die in a later call; 1 is the next one. That call may do its work or not.
   * `onDeath` is called in that call.
   */
  dieIn(calls: number, onDeath?: () => void): void;
  /** Makes the process die in the next call of this name, after the call has done its work or not. */
  dieInCall(name: string, onDeath: () => void): void;
  /**
   * Ends the process at once. Its locks are released, and none of its calls completes any more.
   * Data that it has written stays in the memory of the system.
   */
  kill(): void;
}

/** Thrown by calls of a dead process, so that it does not continue. */
export class ProcessDied extends Error {
  override readonly name = "ProcessDied";
}

function systemError(code: string, call: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${call}`), { code, syscall: call });
}

type CountDone = (error: Error | null, count: number) => void;
type Done = (error: Error | null) => void;

/** The calls of one process. */
export class DiskProcessCalls implements DiskProcess {
  readonly #disk: SimulatedDisk;
  readonly #open = new Map<number, Node>();
  readonly #locks = new Set<FileNode>();
  readonly #clock: DiskClock;
  /** Calls that have not completed. */
  readonly #inFlight = new Set<() => unknown>();
  #fds = 2;
  #isDead = false;
  #diesAt = 0;
  #diesInCall: string | undefined;
  #onDeath: () => void = () => {};
  calls = 0;
  readonly modules: Modules;

  constructor(disk: SimulatedDisk, clock: DiskClock) {
    this.#disk = disk;
    this.#clock = clock;
    this.modules = {
      files: this.#files(),
      sqlite: { DatabaseSync: this.#database() },
      paths: posix,
      urls: { fileURLToPath },
    };
  }

  dieIn(calls: number, onDeath: () => void = () => {}): void {
    this.#diesAt = this.calls + calls;
    this.#onDeath = onDeath;
  }

  dieInCall(name: string, onDeath: () => void): void {
    this.#diesInCall = name;
    this.#onDeath = onDeath;
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    for (const work of this.#inFlight) if (this.#disk.upTo(2) === 1) tryTo(work);
    for (const node of this.#locks) node.lockedBy = undefined;
    this.#disk.ended(this);
  }

  /** Returns true if the process dies in this call. */
  #dies(call: string): boolean {
    if (this.#isDead) throw new ProcessDied(`${call} of a process that is dead`);
    if (++this.calls !== this.#diesAt && call !== this.#diesInCall) return false;
    this.#disk.count("killedInCall");
    this.kill();
    return true;
  }

  /** Makes a synchronous call. If the process dies in it, the call may have done its work. */
  #call<T>(call: string, work: () => T): T {
    if (!this.#dies(call)) return work();
    if (this.#disk.upTo(2) === 1) tryTo(work);
    this.#onDeath();
    throw new ProcessDied(`the process died in ${call}`);
  }

  /** Makes an asynchronous call. If the process dies first, the call may do its work or not. */
  #later<T>(call: string, isLate: boolean, work: () => T): Promise<T> {
    this.#inFlight.add(work);
    if (this.#dies(call)) this.#onDeath();
    return new Promise((resolve, reject) => {
      this.#disk.after(this.#clock, isLate, () => {
        if (this.#isDead) return;
        this.#inFlight.delete(work);
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #files(): FileModule {
    return {
      statSync: (path) => this.#call("stat", () => statOf(this.#disk.find(path))),
      fstatSync: (fd) => this.#call("fstat", () => statOf(this.#node(fd))!),
      realpathSync: (path) => this.#call("realpath", () => path),
      readlinkSync: () =>
        this.#call("readlink", () => {
          throw systemError("EINVAL", "readlink");
        }),
      accessSync: () => this.#call("access", () => this.#checkWritable("access")),
      readdirSync: (path) => this.#call("readdir", () => this.#folder(path, "readdir").names),
      mkdirSync: (path) =>
        this.#call("mkdir", () => this.#link(path, new FolderNode(this.#disk.nextId()), "mkdir")),
      openSync: (path, flags) => this.#call("open", () => this.#openFile(path, flags)),
      closeSync: (fd) => this.#call("close", () => void this.#open.delete(fd)),
      unlinkSync: (path) => this.#call("unlink", () => this.#unlink(path)),
      renameSync: (from, to) => this.#call("rename", () => this.#rename(from, to)),
      ftruncateSync: (fd, length) =>
        this.#call("ftruncate", () => {
          this.#checkWritable("ftruncate");
          this.#file(fd).truncate(length);
        }),
      fsyncSync: (fd) => this.#call("fsync", () => this.#sync(this.#node(fd))),
      readFileSync: (path) => this.#call("open", () => this.#existing(path, "open").bytes.slice()),
      writeFileSync: (path, bytes, { flag }) => {
        const fd = this.#call("open", () => this.#openFile(path, flag));
        try {
          for (let at = 0; at < bytes.length;) {
            const rest = bytes.subarray(at);
            at += this.#call("write", () => this.#write(fd, rest, at));
          }
        } finally {
          this.#open.delete(fd);
        }
      },
      readSync: (fd, bytes, from, length, at) =>
        this.#call("read", () => this.#read(fd, bytes.subarray(from, from + length), at)),
      read: (fd, bytes, from, length, at, done) =>
        this.#counted(
          done,
          () =>
            this.#later(
              "read",
              false,
              () => this.#read(fd, bytes.subarray(from, from + length), at),
            ),
        ),
      writeSync: (fd, bytes, from, length, at) =>
        this.#call("write", () => this.#write(fd, bytes.subarray(from, from + length), at)),
      write: (fd, bytes, from, length, at, done) =>
        this.#counted(
          done,
          () =>
            this.#later("write", false, () =>
              this.#write(fd, bytes.subarray(from, from + length), at)),
        ),
      fdatasync: (fd, done) => this.#syncLater("fdatasync", fd, done),
      fsync: (fd, done) => this.#syncLater("fsync", fd, done),
    };
  }

  #counted(done: CountDone, call: () => Promise<number>): void {
    call().then((count) => done(null, count), (error) => done(error, 0));
  }

  #syncLater(call: string, fd: number, done: Done): void {
    const node = this.#node(fd);
    this.#later(call, this.#disk.happens("lateSync"), () => this.#sync(node))
      .then(() => done(null), done);
  }

  #sync(node: Node): void {
    if (this.#disk.happens("failedSync")) {
      this.#disk.failSync(node);
      throw systemError("EIO", "fsync");
    }
    if (this.#disk.happens("lyingSync")) node.pretendSync();
    else node.sync();
  }

  #read(fd: number, into: Uint8Array, at: number): number {
    const { bytes } = this.#file(fd);
    let count = Math.max(0, Math.min(into.length, bytes.length - at));
    if (count > 1 && this.#disk.happens("shortRead")) count = this.#disk.upTo(count);
    into.set(bytes.subarray(at, at + count));
    return count;
  }

  #write(fd: number, bytes: Uint8Array, at: number): number {
    this.#checkWritable("write");
    const file = this.#file(fd);
    let count = bytes.length;
    if (this.#disk.isFull) count = Math.min(count, Math.max(0, file.length - at));
    if (count === 0 && bytes.length > 0) this.#full("write");
    if (count > 1 && this.#disk.happens("shortWrite")) count = this.#disk.upTo(count);
    file.write(at, bytes.subarray(0, count));
    return count;
  }

  #openFile(path: string, flags: string): number {
    const isExclusive = flags.startsWith("wx");
    let node = this.#disk.find(path);
    if (node !== undefined && isExclusive) throw systemError("EEXIST", "open");
    if (flags !== "r") {
      this.#checkWritable("open");
      if (node?.isFolder) throw systemError("EISDIR", "open");
    }
    if (node === undefined) {
      if (!flags.startsWith("w")) throw systemError("ENOENT", "open");
      this.#link(path, node = new FileNode(this.#disk.nextId()), "open");
    } else if (flags === "w") {
      (node as FileNode).truncate(0);
    }
    this.#open.set(++this.#fds, node);
    return this.#fds;
  }

  #link(path: string, node: Node, call: string): void {
    this.#checkWritable(call);
    const { folder, name } = this.#disk.parent(path);
    if (folder === undefined) throw systemError("ENOENT", call);
    if (folder.get(name) !== undefined) throw systemError("EEXIST", call);
    if (this.#disk.isFull) this.#full(call);
    folder.link(name, node);
  }

  #unlink(path: string): void {
    this.#existing(path, "unlink");
    this.#checkWritable("unlink");
    const { folder, name } = this.#disk.parent(path);
    folder!.unlink(name);
  }

  #rename(from: string, to: string): void {
    this.#existing(from, "rename");
    this.#checkWritable("rename");
    const [old, now] = [this.#disk.parent(from), this.#disk.parent(to)];
    if (old.folder === undefined || old.folder !== now.folder) throw systemError("EXDEV", "rename");
    old.folder.rename(old.name, now.name);
  }

  #node(fd: number): Node {
    const node = this.#open.get(fd);
    if (node === undefined) throw systemError("EBADF", "a call");
    return node;
  }

  #file(fd: number): FileNode {
    const node = this.#node(fd);
    if (node.isFolder) throw systemError("EISDIR", "a call");
    return node;
  }

  #existing(path: string, call: string): FileNode {
    const node = this.#disk.find(path);
    if (node === undefined) throw systemError("ENOENT", call);
    if (node.isFolder) throw systemError("EISDIR", call);
    return node;
  }

  #folder(path: string, call: string): FolderNode {
    const node = this.#disk.find(path);
    if (node === undefined) throw systemError("ENOENT", call);
    if (!node.isFolder) throw systemError("ENOTDIR", call);
    return node;
  }

  #checkWritable(call: string): void {
    if (!this.#disk.isReadOnly) return;
    this.#disk.count("readOnly");
    throw systemError("EROFS", call);
  }

  #full(call: string): never {
    this.#disk.count("diskFull");
    throw systemError("ENOSPC", call);
  }

  /** A stand-in for SQLite, of which only the lock on the file is used. */
  #database(): Modules["sqlite"]["DatabaseSync"] {
    const [disk, locks] = [this.#disk, this.#locks];
    const openFile = (path: string) =>
      this.#call("open", () => {
        if (disk.find(path) === undefined) this.#openFile(path, "wx");
        return this.#existing(path, "open");
      });
    return class {
      readonly #node: FileNode;
      #hasLock = false;

      constructor(path: string) {
        this.#node = openFile(path);
      }

      prepare(sql: string) {
        return { all: () => [], run: () => sql.startsWith("BEGIN") && this.#lock() };
      }

      close(): void {
        if (!this.#hasLock) return;
        this.#node.lockedBy = undefined;
        locks.delete(this.#node);
      }

      #lock(): void {
        if (this.#node.lockedBy !== undefined) {
          throw Object.assign(new Error("database is locked"), { errcode: 5 });
        }
        this.#node.lockedBy = this;
        this.#hasLock = true;
        locks.add(this.#node);
      }
    };
  }
}

function tryTo(work: () => unknown): void {
  try {
    work();
  } catch {
    // The process is dead, so nobody waits for the result.
  }
}

function statOf(node: Node | undefined): FileStat | undefined {
  if (node === undefined) return undefined;
  const { isFolder, id } = node;
  return {
    dev: 1n,
    ino: id,
    size: isFolder ? 0n : BigInt(node.length),
    isFile: () => !isFolder,
    isDirectory: () => isFolder,
  };
}
