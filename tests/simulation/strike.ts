import type { Crew, Member } from "./crew.ts";
import type { Link } from "./link.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** A fault that a storm injects. */
export interface Strike<T = World> {
  /** Relative frequency. */
  readonly weight: number;
  /** Injects the fault. Returns false if that is not possible now. */
  strike(target: T, random: Random): boolean;
}

/** Creates a fault of a random link. */
export function onLink(weight: number, strike: (link: Link, random: Random) => void): Strike {
  return {
    weight,
    strike({ network: { links } }, random) {
      if (links.length === 0) return false;
      strike(random.pick(links), random);
      return true;
    },
  };
}

/** Creates a fault of a random program of the crew that `crewOf` returns. */
export function onMember<M extends Member>(
  weight: number,
  crewOf: (world: World, random: Random) => Crew<M>,
  strike: (crew: Crew<M>, place: number, random: Random, world: World) => void,
): Strike {
  return {
    weight,
    strike(world, random) {
      const crew = crewOf(world, random);
      const { places } = crew;
      if (places.length === 0) return false;
      strike(crew, random.pick(places), random, world);
      return true;
    },
  };
}

/** Returns the crew of a random fault of a process. */
export function anyCrew({ consumers, producers, schedulers }: World, random: Random): Crew<Member> {
  if (random.chance(0.1) && schedulers.places.length > 0) return schedulers;
  return random.chance(0.7) ? consumers : producers;
}

/** Creates a fault of the whole world. */
export function onWorld(weight: number, strike: (world: World, random: Random) => void): Strike {
  return {
    weight,
    strike(world, random) {
      strike(world, random);
      return true;
    },
  };
}

/** Returns a random duration up to `max`, mostly a short one. */
export function someMs(random: Random, max: number): number {
  return random.chance(0.7) ? random.int(max / 20) : random.int(max);
}
