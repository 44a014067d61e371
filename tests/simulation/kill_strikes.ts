import type { Crew, Member } from "./crew.ts";
import type { Random } from "./random.ts";
import { anyCrew, onMember, someMs, type Strike } from "./strike.ts";
import type { World } from "./world.ts";

/** Largest number of microtasks, and of writes, after which a process is killed. */
const MAX_TURNS = 40;
const MAX_WRITES = 20;

/** Shortest time between two faults of a kind, in ms. */
export const KILL_REST_MS: Readonly<Record<string, number>> = {
  "process killed between two microtasks": 4000,
  "process killed in a write": 4000,
  "server killed between two microtasks": 20_000,
  "server killed in a reply": 20_000,
};

/** Faults that kill a process in the middle of its work, not between two events. */
export const KILL_STRIKES: Readonly<Record<string, Strike>> = {
  "process killed between two microtasks": onMember(2, anyCrew, (crew, place, random, world) => {
    const die = killer(world, crew, { place, random });
    crew.at(place).process.dieAfterTurns(random.int(MAX_TURNS), die);
  }),
  "process killed in a write": onMember(2, anyCrew, (crew, place, random, world) => {
    const die = killer(world, crew, { place, random });
    crew.at(place).process.dieInWrite(random.between(1, MAX_WRITES), die);
  }),
  "server killed between two microtasks": onServer((process, random, die) => {
    process.dieAfterTurns(random.int(MAX_TURNS), die);
  }),
  "server killed in a reply": onServer((process, random, die) => {
    process.dieInWrite(random.between(1, MAX_WRITES), die);
  }),
};

/** Returns a function that kills the program that is in a place now. */
function killer(
  world: World,
  crew: Crew<Member>,
  { place, random }: { readonly place: number; readonly random: Random },
): () => void {
  const member = crew.at(place);
  const how = { isPowerLoss: random.chance(0.3), downMs: someMs(random, 20_000) };
  return () => {
    if (world.isCalm || !crew.places.includes(place) || crew.at(place) !== member) return;
    crew.kill(place, how);
  };
}

type ServerStrike = (process: Member["process"], random: Random, die: () => void) => void;

function onServer(strike: ServerStrike): Strike {
  return {
    weight: 1,
    strike(world, random) {
      const { server, storage } = world;
      // Rare without a disk: all jobs are then lost, so there is less to check.
      if (server.state === undefined || storage !== "disk" && random.chance(0.95)) return false;
      const { process } = server;
      const kind = random.chance(0.5) ? "kill" : "power";
      const downMs = someMs(random, 20_000);
      strike(process, random, () => {
        if (!world.isCalm && server.process === process) server.die(kind, downMs);
      });
      return true;
    },
  };
}
