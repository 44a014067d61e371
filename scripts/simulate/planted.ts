/**
 * Puts each planted fault into a copy of the sources, simulates worlds of many seeds there, and
 * prints the number of worlds until the fault is found.
 */

import { availableParallelism } from "node:os";
import type { WorldResult } from "../../tests/simulation/result.ts";
import type { PlantedFault } from "../../tests/simulation/planted/fault.ts";
import { plant, plantedRooms } from "../../tests/simulation/planted/rooms.ts";
import { inTempFolder } from "../tools.ts";
import { integer, path, runMain } from "../usage.ts";
import { commitName } from "./commit.ts";
import { writePage } from "./page.ts";
import { WorldProcess } from "./world_process.ts";

/** Selects the faults to plant, and limits the search for each. */
export interface PlantedOptions {
  readonly seed: number;
  /** Maximum number of worlds for each fault. */
  readonly worlds: number;
  /** Number of jobs in each world. */
  readonly perWorld: number;
  /** Number of faults to search for at the same time, each in a copy of the sources. */
  readonly processes: number;
  /** Comma-separated rooms, or parts of the names of faults. @default all faults */
  readonly only?: string | undefined;
  /** Page for the table. @default the table is printed */
  readonly page?: string | undefined;
}

interface SearchOptions extends PlantedOptions {
  readonly storage?: string | undefined;
}

/** The result of the search for a fault. */
interface Search {
  /** Number of worlds until the fault was found; `undefined` if it was not found. */
  readonly worlds: number | undefined;
  /** The first violated rule, or the exception. */
  readonly found: string;
}

/** Files and folders that a simulation needs. */
const SOURCES = ["src", "tests/simulation", "scripts", "mod.ts", "deno.json", "deno.lock"];

const HEAD = `| part of the sources | mistake | worlds | noticed by, or why not |
| --- | --- | --- | --- |`;

/** Plants the faults one at a time. Returns the number of faults that were not found. */
export async function searchPlanted(options: PlantedOptions): Promise<number> {
  const { only, page, processes, seed, worlds, perWorld } = options;
  const planted = plantedRooms.flatMap(({ room, faults }) =>
    faults.filter((fault) => isWanted(only, room, fault)).map((fault) => ({ room, fault }))
  );
  const rows: string[] = [];
  let [next, missed] = [0, 0];
  async function searchNext(root: string): Promise<void> {
    const number = next++;
    const one = planted[number];
    if (one === undefined) return;
    const { room, fault } = one;
    // A fault of the store only has an effect if the server has a store.
    const storage = room === "store" ? "disk" : undefined;
    const found = await searchFault(root, fault, { ...options, storage });
    if (found.worlds === undefined) missed++;
    const how = found.worlds === undefined ? fault.hiddenBy ?? "" : found.found;
    rows[number] = `| ${room} | ${fault.name} | ${found.worlds ?? "not noticed"} | ${how} |`;
    console.error(rows[number]);
    await searchNext(root);
  }
  const control = await inCopy((root) => search(root, options));
  if (control.worlds !== undefined) {
    console.error(`A world fails without a planted fault: ${control.found}`);
    return 1;
  }
  await Promise.all(Array.from({ length: processes }, () => inCopy(searchNext)));
  const table = [
    ...[HEAD, ...rows, ""],
    `${planted.length} mistakes, ${
      planted.length - missed
    } noticed and ${missed} not noticed in the ` +
    `worlds of the seeds ${seed} to ${seed + worlds - 1}, with ${perWorld} jobs each. Commit ` +
    `${await commitName()}.`,
  ].join("\n");
  if (page === undefined) console.log(table);
  else await writePage(page, table);
  return missed;
}

function isWanted(only: string | undefined, room: string, { name }: PlantedFault): boolean {
  if (only === undefined) return true;
  return only.split(",").some((one) => room === one || name.includes(one));
}

/** Calls `use` with a copy of the sources. */
function inCopy<T>(use: (root: string) => Promise<T>): Promise<T> {
  return inTempFolder(async (root) => {
    await copySources(root);
    return await use(root);
  });
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

/** Simulates worlds until one has a violation, throws, or does not end. */
async function search(root: string, options: SearchOptions): Promise<Search> {
  const { seed, worlds, perWorld, storage } = options;
  const process = new WorldProcess({
    root,
    seed,
    perWorld,
    storage,
    jobs: worlds * perWorld,
    hungMs: 300_000,
  });
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
  return {
    worlds: made + 1,
    found: code === undefined ? "it did not end" : `an exception: ${error}`,
  };
}

function ruleOf([violation, ...more]: WorldResult["violations"]): string {
  const others = new Set(more.map(({ rule }) => rule));
  others.delete(violation!.rule);
  return `${violation!.rule}${others.size > 0 ? ` (and ${others.size} more rules)` : ""}`;
}

const help = `deno task simulate:planted [OPTION..]

Plants faults in a copy of the sources, one at a time, and simulates worlds until one finds it.

  --seed N            seed of the first world; 1 if not given
  --worlds N          number of worlds for each fault; 20 if not given
  --per-world N       number of jobs in a world; 5000 if not given
  --only TEXT,..      only the faults of these rooms, or with this text in their names
  --processes N       number of faults to search for at the same time; one for each core if not given
  --page PAGE         writes the table into this page, instead of printing it
  --help              prints this`;

const flags = {
  seed: { type: "string" },
  worlds: { type: "string" },
  "per-world": { type: "string" },
  only: { type: "string" },
  processes: { type: "string" },
  page: { type: "string" },
} as const;

if (import.meta.main) {
  await runMain({ help, flags }, async (values) => {
    const missed = await searchPlanted({
      seed: integer("--seed", values.seed) ?? 1,
      worlds: integer("--worlds", values.worlds) ?? 20,
      perWorld: integer("--per-world", values["per-world"]) ?? 5000,
      only: values.only,
      processes: integer("--processes", values.processes) ?? availableParallelism(),
      page: path("--page", values.page),
    });
    return missed === 0 ? 0 : 1;
  });
}
