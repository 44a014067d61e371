import assert from "node:assert/strict";
import { it } from "node:test";
import { importFaults } from "../../scripts/imports/check.ts";
import { rooms } from "../../scripts/imports/rules.ts";

const modules = {
  "src/errors.ts": "export class FaktoryError extends Error {}",
  "src/job/job.ts": `import { FaktoryError } from "../errors.ts"; export type Job = FaktoryError;`,
  "src/protocol/push.ts": `export type { Job } from "../job/job.ts";`,
  "src/transport/transport.ts": "export interface Transport {}",
  "src/transport/deno.ts": "export const open = () => Deno.connect({ port: 1 });",
  "src/transport/node.ts": `import net from "node:net"; export default net;`,
  "src/transport/select.ts": `export const pick = () => import("./deno.ts");`,
};

function faultsWith(changed: Record<string, string>): string[] {
  return importFaults(new Map(Object.entries({ ...modules, ...changed })));
}

it("has nothing against modules that keep to the rules", () => {
  assert.deepEqual(faultsWith({}), []);
});

it("has rules only about rooms that there are", () => {
  const names = rooms.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, imports, loads = [] } of rooms) {
    for (const other of [...imports, ...loads]) {
      assert.ok(names.includes(other), `${name} names ${other}`);
    }
  }
});

const refused: [what: string, path: string, source: string, fault: RegExp][] = [
  ["a room above", "src/errors.ts", `\nimport "./job/job.ts";`, /^src\/errors\.ts:2: .*"job"/],
  ["a type of a room above", "src/errors.ts", `import type {} from "./job/job.ts";`, /"job"/],
  ["an inline type import", "src/errors.ts", `type J = import("./job/job.ts").Job;`, /"job"/],
  ["a re-export", "src/job/a.ts", `export * from "../protocol/push.ts";`, /"protocol"/],
  ["an adapter from an adapter", "src/transport/bun.ts", `import "./deno.ts";`, /"deno adapter"/],
  [
    "a static adapter",
    "src/transport/select.ts",
    `import "./deno.ts";`,
    /otherwise than by import/,
  ],
  ["a loaded adapter elsewhere", "src/job/a.ts", `import("../transport/deno.ts");`, /adapter/],
  ["a missing module", "src/job/a.ts", `import "./b.ts";`, /src\/job\/b\.ts: it is no module/],
  ["a file of no room", "src/loose.ts", "", /src\/loose\.ts: belongs to no room/],
  ["a builtin", "src/job/a.ts", `import "node:fs";`, /node:fs/],
  ["another adapter's builtin", "src/transport/deno.ts", `import "node:net";`, /node:net/],
  ["a package", "src/job/a.ts", `import "fast-check";`, /fast-check/],
  ["a package by its types", "src/job/a.ts", `/// <reference types="node" />`, /import node in/],
  ["a computed name", "src/job/a.ts", `const n = "x"; import(n);`, /computed/],
  ["a literal with a cast", "src/transport/node.ts", `import("node:net" as string);`, /computed/],
  [
    "a process outside the spawner",
    "src/supervisor/a.ts",
    `import "node:child_process";`,
    /"supervisor"/,
  ],
  ["import.meta", "src/job/a.ts", `import.meta.url;`, /import\.meta/],
  ["a global", "src/job/a.ts", `process.exit();`, /Cannot use process in "job"/],
  ["another runtime's global", "src/transport/deno.ts", `Bun.version;`, /Cannot use Bun/],
  ["a global's type", "src/job/a.ts", `export type A = Deno.Addr;`, /Cannot use Deno/],
  ["a declared global", "src/job/a.ts", `declare const Bun: object; Bun.toString();`, /Bun/],
  ["a global by way of another", "src/job/a.ts", `globalThis.process;`, /Cannot use globalThis/],
  ["a global by a cast", "src/job/a.ts", `(x as unknown as Y).Deno;`, /Cannot use Deno/],
  ["a global by its name", "src/job/a.ts", `x["Bun"];`, /Cannot use Bun/],
  ["a timer", "src/job/a.ts", `setTimeout(() => {}, 5);`, /Cannot use setTimeout in "job"/],
  ["a microtask", "src/server/a.ts", `const later = queueMicrotask;`, /Cannot use queueMicrotask/],
  ["a clock", "src/server/a.ts", `performance.now();`, /Cannot use performance in "server's core"/],
  ["the time of day", "src/server/a.ts", `Date.now();`, /Cannot use Date\.now in "server's core"/],
  ["the time as a Date", "src/server/a.ts", `new Date();`, /Cannot use Date\.now/],
  ["a destructured time", "src/server/a.ts", `const { now } = Date;`, /Cannot use Date\.now/],
  ["an error by its realm", "src/job/a.ts", `x instanceof Error;`, /Cannot use instanceof Error/],
  ["a date by its realm", "src/job/a.ts", `!(x instanceof Date);`, /Cannot use instanceof Date/],
  ["a shorthand", "src/job/a.ts", `export const all = { process };`, /Cannot use process/],
];

for (const [what, path, source, fault] of refused) {
  it(`refuses ${what}`, () => {
    const faults = faultsWith({ [path]: source });
    assert.ok(faults.some((line) => fault.test(line)), `got ${JSON.stringify(faults)}`);
  });
}

it("tells a global from what only has its name", () => {
  const source = `
    // Deno, Bun and process
    export function run(process: () => void, job: { process(): void }) {
      process();
      job.process();
      return { process: "Deno.connect", self: import("node:net") };
    }`;
  const faults = faultsWith({ "src/transport/node.ts": source });
  assert.deepEqual(faults, []);
});

it("lets everybody have dates, and members called as timers are", () => {
  const source = `
    export const run = (clock: { setTimeout(): void }) => {
      clock.setTimeout();
      return [new Date(5), Date.UTC(2026), Date.parse("x"), x instanceof Job] as Date[];
    };`;
  assert.deepEqual(faultsWith({ "src/server/a.ts": source }), []);
});

it("names the modules of a circle", () => {
  const faults = faultsWith({
    "src/job/a.ts": `import "./b.ts";`,
    "src/job/b.ts": `export type { X } from "./c.ts";`,
    "src/job/c.ts": `import("./b.ts");`,
  });
  assert.deepEqual(faults, [
    "Cannot import in a circle: src/job/b.ts -> src/job/c.ts -> src/job/b.ts",
  ]);
});

it("lets one room import what the user names", () => {
  const load = "(name: string) => import(/* webpackIgnore: true */ /* @vite-ignore */ name);";
  assert.deepEqual(faultsWith({ "src/cli/commands/work/load.ts": load }), []);
  assert.match(faultsWith({ "src/cli/commands/work/worker.ts": load }).join(), /computed/);
  const unmarked = faultsWith({
    "src/cli/commands/work/load.ts": "(name: string) => import(name);",
  });
  assert.match(unmarked.join(), /without .* webpackIgnore/);
});
