import { HARMLESS_COMMANDS } from "./admin.ts";
import { onMember, type Strike } from "./strike.ts";

/** Shortest time between two faults of a kind, in ms. */
export const RARE_REST_MS: Readonly<Record<string, number>> = {
  "server killed in a call of the disk": 10_000,
  "server killed after an admin's command": 15_000,
  "server moved to another machine": 30_000,
  "consumer quiet without connections": 15_000,
  "consumer unreachable for longer than a reservation": 150_000,
  "worker unreachable after it requeued a job": 60_000,
  "producer deployed while it is unreachable": 60_000,
  "consumer paused for longer than a reservation": 60_000,
  "consumer deployed while connections stall": 10_000,
  "links of a producer silent": 20_000,
  "server stalls on slow links": 60_000,
};

/** Calls in which a server dies; see `DiskProcess`. */
const DISK_CALLS = ["write", "fdatasync", "fsync", "rename", "unlink", "open"] as const;

/** Faults that meet another event, as this is unlikely by chance. */
export const RARE_STRIKES: Readonly<Record<string, Strike>> = {
  "server killed in a call of the disk": {
    weight: 2,
    strike({ disk, server, timeline }, random) {
      if (disk === undefined || server.state === undefined) return false;
      const kind = random.chance(0.5) ? "kill" : "power";
      const downMs = random.between(1, 2000);
      // After a restart, the disk may still lack what only the system had.
      const powerMs = random.chance(0.5) ? random.between(500, 8000) : undefined;
      disk.dieIn(random.pick(DISK_CALLS), () => {
        server.die(kind, downMs);
        if (powerMs === undefined) return;
        timeline.at(timeline.now + downMs + powerMs, () => server.kill("power", 500));
      });
      return true;
    },
  },
  "server killed after an admin's command": {
    weight: 1,
    strike({ admin, plan, server, timeline, storage }, random) {
      if (storage !== "disk") return false;
      const names = plan.flows + plan.batches > 0 ? HARMLESS_COMMANDS : KEPT_COMMANDS;
      void admin.give(random.pick(names));
      timeline.at(timeline.now + random.between(20, 3000), () => server.kill("kill", 1000));
      return true;
    },
  },
  "server moved to another machine": {
    weight: 1,
    strike: ({ server, storage }, random) =>
      (storage === "disk" || random.chance(0.05)) &&
      server.move(random.between(-3_600_000, 3_600_000), random.between(10, 2000)),
  },
  "consumer quiet without connections": onMember(
    1,
    ({ consumers }) => consumers,
    (crew, place, random, { network, timeline }) => {
      const member = crew.at(place);
      for (const link of network.linksOf(member.process)) link.cut(random.chance(0.5));
      const isHere = () => crew.places.includes(place) && crew.at(place) === member;
      timeline.at(timeline.now + random.between(1, 30), () => isHere() && member.quiet());
      timeline.at(timeline.now + random.between(5000, 15_000), () => {
        if (isHere()) crew.deploy(place, { graceMs: 1000, downMs: 1 });
      });
    },
  ),
  "consumer unreachable for longer than a reservation": onMember(
    1,
    ({ consumers }) => consumers,
    (crew, place, random, { network }) => {
      network.partition(crew.at(place).process, random.between(66_000, 100_000));
    },
  ),
  "consumer paused for longer than a reservation": onMember(
    1,
    ({ consumers }) => consumers,
    (crew, place, random) => crew.at(place).process.pause(random.between(63_000, 100_000)),
  ),
  "worker unreachable after it requeued a job": {
    weight: 1,
    strike({ ledger, network }, random) {
      const ms = random.between(12_000, 40_000);
      ledger.onRequeued = (worker) => {
        ledger.onRequeued = undefined;
        if (!worker.isStopping) network.partition(worker.process, ms);
      };
      return true;
    },
  },
  "producer deployed while it is unreachable": onMember(
    1,
    ({ producers }) => producers,
    (crew, place, random, { network, timeline }) => {
      const member = crew.at(place);
      network.partition(member.process, random.between(45_000, 70_000));
      timeline.at(timeline.now + random.between(1, 3000), () => {
        if (!crew.places.includes(place) || crew.at(place) !== member) return;
        crew.deploy(place, { graceMs: 0, downMs: 1000 });
      });
    },
  ),
  "consumer deployed while connections stall": onMember(
    1,
    ({ consumers }) => consumers,
    (crew, place, random, { network, timeline }) => {
      const member = crew.at(place);
      network.stall(random.between(4, 8));
      timeline.at(timeline.now + random.between(100, 2000), () => {
        if (!crew.places.includes(place) || crew.at(place) !== member) return;
        crew.deploy(place, { graceMs: random.pick([0, 1000]), downMs: 1 });
      });
    },
  ),
  "links of a producer silent": {
    weight: 2,
    strike({ producers, network }, random) {
      const all = producers.places.map((place) => producers.at(place));
      const ordered = all.filter(({ isOrdered }) => isOrdered);
      if (all.length === 0) return false;
      const { process } = random.pick(ordered.length > 0 ? ordered : all);
      for (const link of network.linksOf(process)) link.silence();
      return true;
    },
  },
  "server stalls on slow links": onMember(
    1,
    ({ producers }) => producers,
    (crew, place, random, { network, server }) => {
      for (const link of network.linksOf(crew.at(place).process)) {
        link.slow(random.between(15, 30));
      }
      server.pause(random.between(5500, 9500));
    },
  ),
};

/** Commands of an admin whose effects a restarted server must have. */
const KEPT_COMMANDS: readonly string[] = [
  "pause a queue",
  "pause a queue",
  "remove a queue",
  "remove a queue",
  "requeue retries",
  "discard scheduled",
  "kill retries",
];
