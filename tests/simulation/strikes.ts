import { ADMIN_COMMANDS, HARMLESS_COMMANDS } from "./admin.ts";
import { KILL_REST_MS, KILL_STRIKES } from "./kill_strikes.ts";
import { RARE_REST_MS, RARE_STRIKES } from "./rare_strikes.ts";
import { anyCrew, onLink, onMember, onWorld, someMs, type Strike } from "./strike.ts";
import { whenTold } from "./rules/consumers.ts";
import { Storm } from "./storm.ts";
import type { World } from "./world.ts";

/** Faults after which the server reads its disk again. */
const DISK_STRIKES: ReadonlySet<string> = new Set(["server killed", "server stopped"]);

/** Creates the storm of a world. */
export function stormOf(world: World): Storm<World> {
  const isDisk = world.storage === "disk";
  return new Storm(world, world.random.fork(), {
    strikes: STRIKES,
    share: 0.7,
    factorOf: (name) => isDisk && DISK_STRIKES.has(name) ? 4 : 1,
    restMsOf: (name) => REST_MS[name] ?? 0,
  });
}

/** Shortest time between two faults of a kind, in ms. Otherwise hardly any job would succeed. */
const REST_MS: Readonly<Record<string, number>> = {
  "all links cut": 2000,
  "connections refused": 20_000,
  "connections stall": 3000,
  "connections are slow": 20_000,
  "server unreachable": 30_000,
  "partition": 8000,
  "process paused": 8000,
  "process killed": 2000,
  "deploy": 2000,
  "server paused": 60_000,
  "server killed": 15_000,
  "server stopped": 15_000,
  "server's clock set": 20_000,
  "clock set": 5000,
  "consumer told to stop by the server": 15_000,
  "consumer quiet": 15_000,
  ...RARE_REST_MS,
  ...KILL_REST_MS,
};

/** All faults, by name. */
const STRIKES: Readonly<Record<string, Strike>> = {
  "link cut": onLink(6, (link) => link.cut()),
  "link reset": onLink(4, (link) => link.cut(true)),
  "link silent": onLink(4, (link) => link.silence()),
  "link slow": onLink(2, (link, random) => link.slow(random.between(2, 100))),
  "cut within a command": onLink(4, (link, random) => {
    link.cutAfter("to server", random.int(400));
  }),
  "cut within a reply": onLink(4, (link, random) => link.cutAfter("to client", random.int(400))),
  "all links cut": onWorld(1, ({ network }, random) => {
    const isReset = random.chance(0.5);
    for (const link of network.links) link.cut(isReset);
  }),
  "connections refused": onWorld(1, ({ network, timeline }, random) => {
    network.refuse(timeline.now, someMs(random, 10_000));
  }),
  "connections stall": onWorld(1, ({ network }, random) => network.stall(random.between(1, 4))),
  "connections are slow": onWorld(1, ({ network, timeline }, random) => {
    network.slow(timeline.now, someMs(random, 10_000));
  }),
  "server unreachable": onWorld(1, ({ network, timeline }, random) => {
    network.refuse(timeline.now, someMs(random, 30_000));
    for (const link of network.links) link.cut(random.chance(0.5));
  }),
  "partition": onMember(2, anyCrew, (crew, place, random, { network }) => {
    network.partition(crew.at(place).process, someMs(random, 60_000));
  }),
  "process killed": onMember(3, anyCrew, (crew, place, random) => {
    crew.kill(place, { isPowerLoss: random.chance(0.3), downMs: someMs(random, 20_000) });
  }),
  "process killed while it stops": {
    weight: 1,
    strike: (world, random) => anyCrew(world, random).killEnding(random.chance(0.3)),
  },
  "deploy": onMember(2, anyCrew, (crew, place, random) => {
    const graceMs = random.pick([0, 100, 5000, 25_000]);
    crew.deploy(place, { graceMs, downMs: someMs(random, 5000) });
  }),
  "process paused": onMember(2, anyCrew, (crew, place, random) => {
    crew.at(place).process.pause(someMs(random, 100_000));
  }),
  "clock set": onMember(1, anyCrew, (crew, place, random) => {
    const { process } = crew.at(place);
    process.jump(someMs(random, 3_600_000) * random.pick([-1, 1]) - process.aheadMs);
  }),
  "consumer quiet": onMember(1, ({ consumers }) => consumers, (crew, place, random, world) => {
    crew.at(place).quiet();
    const { timeline } = world;
    const member = crew.at(place);
    timeline.at(timeline.now + random.between(1000, 20_000), () => {
      if (!crew.places.includes(place) || crew.at(place) !== member) return;
      crew.deploy(place, { graceMs: 5000, downMs: 1 });
    });
  }),
  "consumer takes other queues": onMember(
    1,
    ({ consumers }) => consumers,
    (crew, place, random, { plan: { queues } }) => {
      const some = queues.filter(() => random.chance(0.6));
      crew.at(place).consumer.setQueues(some.length > 0 ? some : [...queues]);
    },
  ),
  "consumer told to stop by the server": onMember(
    1,
    ({ consumers }) => consumers,
    (crew, place, random, { server, ledger }) => {
      const member = crew.at(place);
      const { worker, process, process: { timeline } } = member;
      const toldAt = timeline.now;
      const signal = random.chance(0.5) ? "quiet" : "terminate";
      if (server.state?.workers.signal(member.consumer.wid, signal) !== true) return;
      worker.isSignalled = true;
      // Its supervisor replaces it some time later.
      timeline.at(timeline.now + random.between(20_000, 60_000), () => {
        if (!crew.places.includes(place) || crew.at(place) !== member) return;
        ledger.judge(whenTold, { worker, process, atMs: toldAt });
        crew.deploy(place, { graceMs: 1000, downMs: 1 });
      });
    },
  ),
  "server paused": onWorld(1, ({ server }, random) => server.pause(someMs(random, 40_000))),
  "server killed": {
    weight: 1,
    strike: ({ server, storage }, random) =>
      // Rare without a disk: all jobs are then lost, so there is less to check.
      (storage === "disk" || random.chance(0.05)) &&
      server.kill(random.chance(0.5) ? "kill" : "power", someMs(random, 20_000)),
  },
  "server stopped": {
    weight: 1,
    strike: ({ server, storage }, random) =>
      (storage === "disk" || random.chance(0.05)) && server.stop(someMs(random, 5000)),
  },
  "server's clock set": onWorld(1, ({ server }, random) => {
    // Relative to the right time, otherwise the errors would add up to days.
    server.jump(someMs(random, 3_600_000) * random.pick([-1, 1]) - server.process.aheadMs);
  }),
  "an admin gives a command": onWorld(3, ({ admin, plan }, random) => {
    // If the world has workflows or batches, their jobs must not be removed.
    const names = plan.flows + plan.batches > 0 ? HARMLESS_COMMANDS : Object.keys(ADMIN_COMMANDS);
    let name = random.pick(names);
    // Rare, because a FLUSH leaves no jobs to check.
    if (name === "flush" && random.chance(0.9)) name = "ask for figures";
    void admin.give(name);
  }),
  ...RARE_STRIKES,
  ...KILL_STRIKES,
};
