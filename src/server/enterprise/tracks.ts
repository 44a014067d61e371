import type { Clock } from "../../internal/clock.ts";
import { marshalText } from "../go/encode.ts";
import { owned } from "../payload.ts";
import { type StoredJob, writeTime } from "../stored_job.ts";
import type { Shelf } from "./records.ts";

/** How long it is known how far a job is, after it was last heard of, in milliseconds. */
const TRACK_MS = 30 * 60_000;

/** Where a tracked job is. */
export type TrackState = "enqueued" | "working" | "success" | "failed" | "dead";

/** What is known of a tracked job. */
export interface Track {
  readonly state: TrackState;
  readonly updatedAt: string;
  readonly percent: number;
  readonly desc: string;
}

/** What a job tells of itself; what it leaves out stays as it was. */
export type TrackUpdate = Partial<Pick<Track, "percent" | "desc">>;

/**
 * Tracking of the jobs whose `custom` has `track: 1`.
 *
 * Known from the wiki and clients: the states, the reply's form, that a job which was not enqueued
 * or is not tracked is `unknown`, that a record lives for 30 minutes, so that a job which waits for
 * longer than that becomes unknown, and that what a job told of itself stays when it ends.
 *
 * Guessed: that `dead` are those that went to the dead and `failed` all others whose last run
 * failed, dropped ones included; that a scheduled job is `enqueued`; that a job is not heard of
 * again when it leaves the retries, so that it is `failed` until a worker has it; that what is told
 * of a job that is not tracked is taken without a word.
 */
export class Tracks {
  readonly #tracks: Shelf<Track>;
  readonly #clock: Clock;

  constructor(tracks: Shelf<Track>, clock: Clock) {
    this.#tracks = tracks;
    this.#clock = clock;
  }

  /** The job is there now, if it is tracked. */
  moved({ jid, custom }: StoredJob, state: TrackState): void {
    const track = custom?.["track"];
    if (track !== 1 && track !== true) return;
    this.#set(jid, { percent: 0, desc: "", ...this.#tracks.get(jid), state });
  }

  /** What the job tells of itself. */
  told(jid: string, update: TrackUpdate): void {
    const track = this.#tracks.get(jid);
    if (track === undefined) return;
    const { percent = track.percent, desc } = update;
    this.#set(jid, { ...track, percent, desc: desc === undefined ? track.desc : owned(desc) });
  }

  /** TRACK GET's reply. */
  reply(jid: string): string {
    const track = this.#tracks.get(jid);
    const { percent = 0, desc = "", state = "unknown", updatedAt = "" } = track ?? {};
    let json = `{"jid":${marshalText(jid)}`;
    if (percent !== 0) json += `,"percent":${percent}`;
    if (desc !== "") json += `,"desc":${marshalText(desc)}`;
    return `${json},"state":"${state}","updated_at":${marshalText(updatedAt)}}`;
  }

  #set(jid: string, track: Omit<Track, "updatedAt">): void {
    const now = this.#clock.now();
    this.#tracks.set(jid, { ...track, updatedAt: writeTime(now) }, now + TRACK_MS);
  }
}
