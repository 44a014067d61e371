/**
 * Puts each planted fault into a copy of the sources, runs worlds of many seeds there, and prints
 * how many of them the judge needs until it notices.
 */

import type { WorldResult } from "../../tests/simulation/result.ts";
import type { PlantedFault } from "../../tests/simulation/planted/fault.ts";
import { plant, plantedRooms } from "../../tests/simulation/planted/rooms.ts";
import { inTempFolder } from "../tools.ts";
import { integer, readArgs, runMain } from "../usage.ts";
import { WorldProcess } from "./world_process.ts";

/** Which faults to plant, and how long to look for each. */
export interface PlantedOptions {
  readonly seed: number;
  /** Worlds at most for each fault. */
  readonly worlds: number;
  /** Jobs of each world. */
  readonly perWorld: number;
  /** Only faults of these rooms, or whose names contain one of these; by commas. @default all */
  readonly only?: string | undefined;
}

interface SearchOptions extends PlantedOptions {
  readonly storage?: string | undefined;
}

/** What came of the search for a fault. */
interface Search {
  /** Worlds that were needed; `undefined` if none of them showed the fault. */
  readonly worlds: number | undefined;
  /** What the judge said first. */
  readonly found: string;
}

/** Files and folders that a simulation needs. */
const SOURCES = ["src", "tests/simulation", "scripts", "mod.ts", "deno.json", "deno.lock"];

/** Plants the faults one after another. Gives the number of those that were not found. */
export function searchPlanted(options: PlantedOptions): Promise<number> {
  return inTempFolder(async (root) => {
    await copySources(root);
    const control = await search(root, options);
    if (control.worlds !== undefined) {
      console.error(`Without any fault, the judge says: ${control.found}`);
      return 1;
    }
    let [all, missed] = [0, 0];
    console.log("| room | fault | worlds | noticed by |\n| --- | --- | --- | --- |");
    for (const { room, faults } of plantedRooms) {
      for (const fault of faults) {
        if (!isWanted(options.only, room, fault)) continue;
        // A fault of the store shows where there is one.
        const storage = room === "store" ? "disk" : undefined;
        const { worlds, found } = await searchFault(root, fault, { ...options, storage });
        all++;
        if (worlds === undefined) missed++;
        console.log(`| ${room} | ${fault.name} | ${worlds ?? "not found"} | ${found} |`);
      }
    }
    const { perWorld } = options;
    console.log(
      `\n${all} faults, ${missed} not found in ${options.worlds} worlds of ${perWorld} jobs.`,
    );
    return missed;
  });
}

function isWanted(only: string | undefined, room: string, { name }: PlantedFault): boolean {
  if (only === undefined) return true;
  return only.split(",").some((one) => room === one || name.includes(one));
}

async function copySources(root: string): Promise<void> {
  for (const path of SOURCES) {
    const folder = path.includes("/") ? `${root}/${path.slice(0, path.lastIndexOf("/"))}` : root;
    await Deno.mkdir(folder, { recursive: true });
    const { success } = await new Deno.Command("cp", { args: ["-R", path, `${root}/${path}`] })
      .output();
    if (!success) throw new Error(`Cannot copy ${path} to ${root}`);
  }
  await Deno.symlink(await Deno.realPath("node_modules"), `${root}/node_modules`);
}

async function searchFault(
  root: string,
  fault: PlantedFault,
  options: SearchOptions,
): Promise<Search> {
  const path = `${root}/${fault.file}`;
  const source = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, plant(source, fault));
  try {
    return await search(root, options);
  } finally {
    await Deno.writeTextFile(path, source);
  }
}

/** Makes worlds until one shows a violation, an exception, or no end. */
async function search(root: string, options: SearchOptions): Promise<Search> {
  const { seed, worlds, perWorld, storage } = options;
  const process = new WorldProcess({ root, seed, perWorld, storage, jobs: worlds * perWorld });
  let made = 0;
  for await (const { violations } of process.results()) {
    made++;
    if (violations.length === 0) continue;
    process.kill();
    await process.ended;
    return { worlds: made, found: ruleOf(violations) };
  }
  const { code, stderr } = await process.ended;
  if (code === 0) return { worlds: undefined, found: "" };
  const error = stderr.split("\n").find((line) => /error|reject/i.test(line)) ?? stderr.trim();
  return { worlds: made + 1, found: code === undefined ? "no end" : `an exception: ${error}` };
}

function ruleOf([violation, ...more]: WorldResult["violations"]): string {
  const others = new Set(more.map(({ rule }) => rule));
  others.delete(violation!.rule);
  return `${violation!.rule}${others.size > 0 ? ` (and ${others.size} more rules)` : ""}`;
}

if (import.meta.main) {
  await runMain(async () => {
    const values = readArgs(Deno.args, {
      seed: { type: "string" },
      worlds: { type: "string" },
      "per-world": { type: "string" },
      only: { type: "string" },
    });
    const missed = await searchPlanted({
      seed: integer("seed", values.seed) ?? 1,
      worlds: integer("worlds", values.worlds) ?? 20,
      perWorld: integer("per-world", values["per-world"]) ?? 5000,
      only: values.only,
    });
    return missed === 0 ? 0 : 1;
  });
}
