import { type Entry, stateOf } from "../entry.ts";
import { isLossy, isUnsaved } from "./excuses.ts";
import type { Rules } from "./rule.ts";

/** A job on a server that has started again. */
interface Restarted {
  readonly entry: Entry;
  /** True if saved changes may be lost: the server keeps nothing, or its disk has lied. */
  readonly isLossy: boolean;
}

/** The server has found jobs whose states are not those after one group of changes. */
export const whenGroupIsTorn: Rules<Restarted> = [
  {
    rule: "a restarted server has the state after some group",
    excuses: [isLossy],
  },
];

/** The server has found a job before others that had come to the queue earlier. */
export const whenMisplaced: Rules<Restarted> = [
  {
    rule: "a restarted server keeps the order of a queue",
    excuses: [isLossy],
  },
];

/** The server has started. Each job that it had, or has, is looked at. */
export const whenRestarted: Rules<Restarted> = [
  {
    rule: "saved changes survive",
    broken: ({ entry }) => stateOf(entry) !== entry.saved,
    excuses: [isLossy, isUnsaved],
    detail: ({ entry }) => `${entry.jid}: ${entry.saved} was saved, ${stateOf(entry)} is there`,
  },
];
