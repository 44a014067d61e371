/** Size of a sector, in bytes. A sector is written as a whole or not at all. */
const SECTOR = 512;

/** Returns a number from 0 to below 1. */
export type Random = () => number;

/** A change of a file that the disk may not have yet. */
interface Change {
  /** Offset of the bytes; for a truncation, the new length. */
  readonly at: number;
  /** `undefined` for a truncation. */
  readonly bytes: Uint8Array | undefined;
  /** True if a sync confirmed it. */
  isConfirmed: boolean;
}

/** A growing sequence of bytes. */
class Bytes {
  #bytes = new Uint8Array(0);
  length = 0;

  get view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  write(at: number, bytes: Uint8Array): void {
    const end = at + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2, 4096));
      larger.set(this.view);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, at);
    this.length = Math.max(this.length, end);
  }

  resize(length: number): void {
    if (length < this.length) this.#bytes.fill(0, length, this.length);
    if (length > this.#bytes.length) this.write(length - 1, Uint8Array.of(0));
    this.length = length;
  }

  apply({ at, bytes }: Change): void {
    if (bytes === undefined) this.resize(at);
    else this.write(at, bytes);
  }
}

/** A file: its bytes as programs see them, and as they are on the disk. */
export class FileNode {
  readonly isFolder = false;
  readonly id: bigint;
  #seen = new Bytes();
  #saved = new Bytes();
  #changes: Change[] = [];
  /** Number of confirmed changes that will be missing after the next power loss. */
  #lost = 0;
  /** The process that has the file locked. */
  lockedBy: object | undefined;

  constructor(id: bigint) {
    this.id = id;
  }

  get length(): number {
    return this.#seen.length;
  }

  get bytes(): Uint8Array {
    return this.#seen.view;
  }

  write(at: number, bytes: Uint8Array): void {
    this.#change({ at, bytes: bytes.slice(), isConfirmed: false });
  }

  truncate(length: number): void {
    this.#change({ at: length, bytes: undefined, isConfirmed: false });
  }

  sync(): void {
    for (const change of this.#changes) this.#saved.apply(change);
    this.#changes = [];
  }

  /** Confirms all changes without saving any. */
  pretendSync(): void {
    for (const change of this.#changes) change.isConfirmed = true;
  }

  /**
   * Saves some of the changes, and forgets the others: programs see them until the power is lost,
   * and a later sync does not save them. Linux does so if a sync fails.
   */
  failSync(random: Random): void {
    const survives = survivorsOf(this.#changes.length, random);
    for (const [i, change] of this.#changes.entries()) {
      const isWhole = this.#keep(change, (sector) => survives(i, sector));
      if (!isWhole && change.isConfirmed) this.#lost++;
    }
    // The length may be written before the bytes are.
    if (this.#saved.length < this.length && random() < 0.2) this.#saved.resize(this.length);
    this.#changes = [];
  }

  /** Saves some of the changes. Returns the number of confirmed changes that were lost. */
  losePower(random: Random): number {
    this.failSync(random);
    const lost = this.#lost;
    this.#lost = 0;
    this.#seen = this.#saved;
    this.#saved = new Bytes();
    this.#saved.write(0, this.#seen.view);
    this.lockedBy = undefined;
    return lost;
  }

  #change(change: Change): void {
    this.#seen.apply(change);
    this.#changes.push(change);
  }

  /** Saves the sectors of a change that survive. Returns false if a sector is lost. */
  #keep(change: Change, survives: (sector: number) => boolean): boolean {
    const { at, bytes } = change;
    if (bytes === undefined) {
      const isKept = survives(LENGTH);
      if (isKept) this.#saved.apply(change);
      return isKept;
    }
    let isWhole = true;
    for (let from = 0; from < bytes.length;) {
      const to = Math.min(bytes.length, from + SECTOR - (at + from) % SECTOR);
      if (survives(Math.floor((at + from) / SECTOR))) {
        this.#saved.write(at + from, bytes.subarray(from, to));
      } else {
        isWhole = false;
      }
      from = to;
    }
    return isWhole;
  }
}

/** Pseudo number of a sector, for the length of a file. */
const LENGTH = -1;

/**
 * Draws which of the changes survive in which sector: all, none, the first few, or a different
 * number of the first ones in each sector.
 */
function survivorsOf(
  changes: number,
  random: Random,
): (change: number, sector: number) => boolean {
  const upTo = () => Math.floor(random() * (changes + 1));
  const kind = random();
  if (kind < 0.15) return () => true;
  if (kind < 0.3) return () => false;
  const [cut, kept] = [upTo(), random()];
  const limits = new Map<number, number>();
  return (change, sector) => {
    if (kind < 0.6 && change !== cut) return change < cut;
    let limit = limits.get(sector);
    if (limit === undefined) {
      limit = kind < 0.6 ? random() < kept ? changes : 0 : upTo();
      limits.set(sector, limit);
    }
    return change < limit;
  };
}

/** An entry of a folder. */
export type Node = FileNode | FolderNode;

/** A change of a folder's names. */
interface NameChange {
  readonly name: string;
  /** `undefined` if the name is removed. */
  readonly node: Node | undefined;
  /** The name that the node had before, if it is renamed. */
  readonly from?: string;
  isConfirmed: boolean;
}

/** A folder: its names as programs see them, and as they are on the disk. */
export class FolderNode {
  readonly isFolder = true;
  readonly id: bigint;
  #seen = new Map<string, Node>();
  #saved = new Map<string, Node>();
  #changes: NameChange[] = [];

  constructor(id: bigint) {
    this.id = id;
  }

  get names(): string[] {
    return [...this.#seen.keys()].sort();
  }

  get(name: string): Node | undefined {
    return this.#seen.get(name);
  }

  link(name: string, node: Node): void {
    this.#change({ name, node, isConfirmed: false });
  }

  unlink(name: string): void {
    this.#change({ name, node: undefined, isConfirmed: false });
  }

  rename(from: string, name: string): void {
    this.#change({ name, node: this.#seen.get(from), from, isConfirmed: false });
  }

  sync(): void {
    this.#saved = new Map(this.#seen);
    this.#changes = [];
  }

  pretendSync(): void {
    for (const change of this.#changes) change.isConfirmed = true;
  }

  /** Like for a file. A change that depends on a lost change is lost too. */
  losePower(random: Random): number {
    let lost = 0;
    const lostNames = new Set<string>();
    const kept = random();
    for (const change of this.#changes) {
      const names = [change.name, change.from ?? change.name];
      const isLost = random() > kept || names.some((name) => lostNames.has(name));
      if (!isLost) {
        apply(this.#saved, change);
        continue;
      }
      for (const name of names) lostNames.add(name);
      if (change.isConfirmed) lost++;
    }
    this.#changes = [];
    this.#seen = new Map(this.#saved);
    for (const node of new Set(this.#seen.values())) lost += node.losePower(random);
    return lost;
  }

  #change(change: NameChange): void {
    apply(this.#seen, change);
    this.#changes.push(change);
  }
}

function apply(names: Map<string, Node>, { name, node, from }: NameChange): void {
  if (from !== undefined) names.delete(from);
  if (node === undefined) names.delete(name);
  else names.set(name, node);
}
