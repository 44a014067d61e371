import type { Clock } from "../../internal/clock.ts";
import { marshalText } from "../go/encode.ts";
import { copyText } from "../payload.ts";
import { type StoredJob, writeTime } from "../stored_job.ts";
import type { ExpiringTable } from "./expiring_table.ts";

/** Time to keep a record after its last update, in ms. */
const TRACK_MS = 30 * 60_000;

/** State of a tracked job. */
export type TrackState = "enqueued" | "working" | "success" | "failed" | "dead";

/** The record of a tracked job. */
export interface Track {
  readonly state: TrackState;
  readonly updatedAt: string;
  readonly percent: number;
  readonly desc: string;
}

/** An update from a running job. Missing fields keep their values. */
export type TrackUpdate = Partial<Pick<Track, "percent" | "desc">>;

/**
 * Tracking of jobs whose `custom` has `track: 1`.
 *
 * Known from the wiki and from clients: the states and the form of the reply; a job that was never
 * enqueued or is not tracked is `unknown`; a record lives for 30 minutes, so a job that waits
 * longer becomes `unknown`; the last update of a job stays when it ends.
 *
 * Guessed: `dead` are jobs in the dead set, `failed` all others whose last run failed, dropped jobs
 * included; a scheduled job is `enqueued`; a retried job stays `failed` until a worker fetches it;
 * updates of untracked jobs are ignored.
 */
export class Tracks {
  readonly #tracks: ExpiringTable<Track>;
  readonly #clock: Clock;

  constructor(tracks: ExpiringTable<Track>, clock: Clock) {
    this.#tracks = tracks;
    this.#clock = clock;
  }

  /** Sets the state of a job, if it is tracked. */
  setState({ jid, custom }: StoredJob, state: TrackState): void {
    const track = custom?.["track"];
    if (track !== 1 && track !== true) return;
    this.#set(jid, { percent: 0, desc: "", ...this.#tracks.get(jid), state });
  }

  /** Stores an update from the job. */
  update(jid: string, update: TrackUpdate): void {
    const track = this.#tracks.get(jid);
    if (track === undefined) return;
    const { percent = track.percent, desc } = update;
    this.#set(jid, { ...track, percent, desc: desc === undefined ? track.desc : copyText(desc) });
  }

  /** Returns the last update of a job. */
  get(jid: string): Track | undefined {
    return this.#tracks.get(jid);
  }

  /** Returns the reply to TRACK GET. */
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
