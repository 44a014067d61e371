import { type Mention, readModules } from "./read.ts";
import { type Room, rooms as allRooms } from "./rules.ts";

/**
 * Lists faults in the imports of modules, one line each. Keys are paths from the root, values are
 * sources.
 */
export function importFaults(
  sources: ReadonlyMap<string, string>,
  rooms: readonly Room[] = allRooms,
): string[] {
  const faults: string[] = [];
  const graph = new Map<string, Set<string>>();
  for (const [path, mentions] of readModules(sources)) {
    const targets = new Set<string>();
    graph.set(path, targets);
    const room = roomOf(path, rooms);
    if (room === undefined) {
      faults.push(`${path}: belongs to no room`);
      continue;
    }
    for (const mention of mentions) {
      const target = resolve(path, mention);
      const isKnown = target !== undefined && sources.has(target);
      if (isKnown) targets.add(target);
      const fault = target === undefined
        ? outsideFault(room, mention)
        : insideFault(room, { mention, target, from: isKnown ? roomOf(target, rooms) : undefined });
      if (fault !== undefined) faults.push(`${path}:${mention.line}: ${fault}`);
    }
  }
  const cycle = findCycle(graph);
  if (cycle !== undefined) faults.push(`Cannot import in a circle: ${cycle.join(" -> ")}`);
  return faults;
}

function roomOf(path: string, rooms: readonly Room[]): Room | undefined {
  return rooms.find(({ files }) =>
    files.some((file) => file.endsWith("/") ? path.startsWith(file) : path === file)
  );
}

/** Returns the path of a module of this repository, `undefined` for any other module. */
function resolve(path: string, { name, kind }: Mention): string | undefined {
  if (kind !== "import" && kind !== "load") return undefined;
  if (!name?.startsWith("./") && !name?.startsWith("../")) return undefined;
  return new URL(name, `file:///${path}`).pathname.slice(1);
}

function insideFault(
  room: Room,
  { mention, target, from }: { mention: Mention; target: string; from: Room | undefined },
): string | undefined {
  if (from === undefined) return `Cannot import ${target}: it is no module of the package`;
  if (from === room || room.imports.includes(from.name)) return undefined;
  const isLoadable = room.loads?.includes(from.name) ?? false;
  if (isLoadable && mention.kind === "load") return undefined;
  return isLoadable
    ? `Cannot import ${target} otherwise than by import(): "${room.name}" only loads "${from.name}"`
    : `Cannot import ${target}: "${room.name}" may not import "${from.name}"`;
}

function outsideFault(room: Room, { name, kind, isIgnored }: Mention): string | undefined {
  if (kind === "meta") return "Cannot use import.meta: in the npm package it drags in a polyfill";
  if (name === undefined) {
    if (room.computes !== true) return "Cannot import a computed name: it cannot be checked";
    return isIgnored === true
      ? undefined
      : "Cannot import a computed name without /* webpackIgnore: true */ /* @vite-ignore */";
  }
  if (kind === "global") {
    return room.globals?.includes(name) ? undefined : `Cannot use ${name} in "${room.name}"`;
  }
  const allowed = room.builtins?.some((start) => name.startsWith(start)) ||
    room.packages?.some((own) => name === own || name.startsWith(`${own}/`));
  return allowed ? undefined : `Cannot import ${name} in "${room.name}"`;
}

/** Returns the modules of one import cycle, the first one again at its end. */
function findCycle(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const left = new Map([...graph].map(([path, targets]) => [path, new Set(targets)]));
  for (;;) {
    const leaf = [...left].find(([, targets]) => targets.size === 0)?.[0];
    if (leaf === undefined) break;
    left.delete(leaf);
    for (const targets of left.values()) targets.delete(leaf);
  }
  // Each remaining module imports another one, so this walk reaches a module again.
  const walk: string[] = [];
  for (let at = left.keys().next().value; at !== undefined;) {
    const seen = walk.indexOf(at);
    if (seen >= 0) return [...walk.slice(seen), at];
    walk.push(at);
    at = left.get(at)?.values().next().value;
  }
  return undefined;
}
