import { parseTimestamp } from "../../job/timestamp.ts";
import { unmarshal } from "../go/decode.ts";
import { GoError } from "../go/error.ts";
import { quote } from "../go/quote.ts";
import { subcommand } from "./subcommand.ts";
import type { Tracks } from "./tracks.ts";

/** The parts of the server that TRACK uses. */
export interface TrackContext {
  readonly tracks: Tracks;
  /** Extends the reservation of a running job. It cannot be shortened. */
  extend(jid: string, until: number): void;
}

/** Runs TRACK. Returns the text of a bulk reply, or `undefined` for OK. */
export function trackCommand(context: TrackContext, line: string): string | undefined {
  const { name, payload } = subcommand(line);
  switch (name) {
    case "GET":
      if (payload === "") throw new GoError("missing JID");
      return context.tracks.reply(payload);
    case "SET":
      set(context, payload);
      return undefined;
    default:
      throw new GoError(`no such TRACK subcommand: ${name}`);
  }
}

function set({ tracks, extend }: TrackContext, payload: string): void {
  const { jid = "", percent, desc, reserve_until } = unmarshal(payload, "JobTrack", {
    jid: "string",
    percent: "int",
    desc: "string",
    reserve_until: "string",
  }) as { jid?: string; percent?: number; desc?: string; reserve_until?: string };
  if (jid === "") throw new GoError("missing JID");
  if (reserve_until !== undefined && reserve_until !== "") {
    const until = parseTimestamp(reserve_until);
    if (until === undefined) {
      throw new GoError(`invalid timestamp for 'reserve_until': ${quote(reserve_until)}`);
    }
    // Guessed: reservations of untracked jobs can be extended too.
    extend(jid, until.getTime());
  }
  tracks.update(jid, {
    ...(percent === undefined ? {} : { percent }),
    ...(desc === undefined ? {} : { desc }),
  });
}
