/**
 * The format of a log. A log is a sequence of files, its segments. A segment consists of a head and
 * groups. A group contains changes that were saved together: a head with a checksum, then records.
 */

/**
 * Length of a segment's head: the magic number, the version, the segment's number, and the number
 * of the oldest segment that is still needed.
 */
export const SEGMENT_HEAD = 16;
const SEGMENT_MAGIC = 0x53546b46;
const VERSION = 1;

/**
 * Length of a group's head: its magic number, the length of the rest, the group's number and a
 * checksum.
 */
export const GROUP_HEAD = 16;
const GROUP_MAGIC = 0x50754f47;

/** Kinds of records. A byte of 0 between records is padding. */
export const Op = {
  /** Adds a job to a place. */
  add: 1,
  /** The same for a job whose arguments are bytes. */
  addLarge: 2,
  /** A worker takes a job from its queue, or extends its reservation. */
  reserve: 3,
  /** Frees a row. */
  remove: 4,
  /** Sets a record. */
  set: 5,
  /** Defines the number of a place in this segment. */
  place: 6,
  /** Removes all jobs of a place. */
  removePlace: 7,
  /** Removes everything. */
  clear: 8,
  /** The segments before this one are no longer needed. */
  trim: 9,
} as const;

/** Sizes of the fixed fields of each kind of record, in bytes. */
export const ADD_HEAD = 1 + 4 + 4 + 8 + 2 + 4;
/** The job's time is stored before its bytes. */
export const TIME_BYTES = 8;
/**
 * Lengths of the parts of a large job: before, of and after its arguments, of their checksum, and
 * of the padding before them.
 */
export const LARGE_HEAD = 4 + 4 + 4 + 1 + 1;
export const RESERVE_HEAD = 1 + 4 + 8 + 2;
export const REMOVE_BYTES = 1 + 4;
export const SET_HEAD = 1 + 4 + 2 + 4 + 4;
export const PLACE_HEAD = 1 + 4 + 2;
export const REMOVE_PLACE_BYTES = 1 + 4 + 8;
export const TRIM_BYTES = 1 + 4;

/** Writes the head of a segment. */
export function segmentHead(number: number, oldest: number): Uint8Array {
  const head = new Uint8Array(SEGMENT_HEAD);
  const view = new DataView(head.buffer);
  view.setUint32(0, SEGMENT_MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, number, true);
  view.setUint32(12, oldest, true);
  return head;
}

/** Reads the head of a segment. Returns `undefined` if there is none. */
export function readSegmentHead(
  view: DataView,
): { version: number; number: number; oldest: number } | undefined {
  if (view.byteLength < SEGMENT_HEAD || view.getUint32(0, true) !== SEGMENT_MAGIC) return undefined;
  return {
    version: view.getUint32(4, true),
    number: view.getUint32(8, true),
    oldest: view.getUint32(12, true),
  };
}

/** The version that this server writes, and the latest that it can read. */
export const LOG_VERSION = VERSION;

/**
 * Identifies a group. Covered by the checksum, so that an old group in a reused file is not
 * mistaken for a new one.
 */
export interface GroupId {
  readonly segment: number;
  readonly group: number;
  /** Bytes after the head. */
  readonly length: number;
}

export function writeGroupHead(view: DataView, { group, length }: GroupId, sum: number): void {
  view.setUint32(0, GROUP_MAGIC, true);
  view.setUint32(4, length, true);
  view.setUint32(8, group, true);
  view.setUint32(12, sum, true);
}

/** Reads the head of a group. Returns `undefined` if there is none, or the group is incomplete. */
export function readGroupHead(
  view: DataView,
  at: number,
): { length: number; group: number; sum: number } | undefined {
  if (at + GROUP_HEAD > view.byteLength || view.getUint32(at, true) !== GROUP_MAGIC) {
    return undefined;
  }
  const length = view.getUint32(at + 4, true);
  if (length % 4 !== 0 || at + GROUP_HEAD + length > view.byteLength) return undefined;
  return { length, group: view.getUint32(at + 8, true), sum: view.getUint32(at + 12, true) };
}

/**
 * A checksum of 32-bit words: two sums (FNV-1a), each of every other word, so that every single-bit
 * change is detected. The result does not depend on how the words are split into parts, if all
 * parts but the last have an even number of words.
 */
export class Checksum {
  #a: number;
  #b: number;

  constructor({ segment, group, length }: GroupId) {
    this.#a = step(step(0x811c9dc5, segment), length);
    this.#b = step(0x9747b28c, group);
  }

  /** Adds bytes. Their number and their alignment must be multiples of four. */
  add(bytes: Uint8Array): void {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
    let [a, b] = [this.#a, this.#b];
    const end = words.length & ~1;
    for (let i = 0; i < end; i += 2) {
      a = Math.imul(a ^ words[i]!, 0x01000193);
      b = Math.imul(b ^ words[i + 1]!, 0x01000193);
    }
    if (end < words.length) a = step(a, words[end]!);
    [this.#a, this.#b] = [a, b];
  }

  get sum(): number {
    return step(this.#a, this.#b) >>> 0;
  }
}

function step(sum: number, word: number): number {
  return Math.imul(sum ^ word, 0x01000193);
}
