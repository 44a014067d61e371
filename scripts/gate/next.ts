import { deepEqual, doesNotMatch, equal, match } from "node:assert/strict";
import { FaktoryServer } from "../../src/server/mod.ts";
import { Program } from "../program.ts";
import { inTempFolder, outputs, readProject } from "../tools.ts";
import { exportedBySources } from "./installed_entries.ts";
import { importsOf, installNpm, type Packed, peersOf } from "./npm.ts";
import { all, type Step } from "./step.ts";

/** Versions of Next, with the flags of `next build` for each of its bundlers. */
const VERSIONS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "15.5.29": { webpack: [], Turbopack: ["--turbopack"] },
  "16.4.6": { webpack: ["--webpack"], Turbopack: [] },
};

const PACKAGES = [
  ...["react@19.3.1", "react-dom@19.3.1", "typescript@5.9.3"],
  ...["@types/react@19", "@types/node@24"],
];

/** Time limit of a build, which takes a minute on a busy machine. */
const BUILD_MS = 600_000;

const ENV = { NEXT_TELEMETRY_DISABLED: "1" };

/**
 * A step for each version: a new program with the packed package is built by each bundler,
 * started, and called.
 */
export function nextSteps(packed: Packed): Step[] {
  return Object.entries(VERSIONS).map(([version, bundlers]) => ({
    name: `Next ${version}`,
    run: () =>
      inTempFolder(async (folder) => {
        const project = await readProject();
        const exported = await exportedBySources(project);
        const tarball = await packed();
        await installNpm(folder, [`next@${version}`, ...PACKAGES, ...peersOf(project), tarball]);
        await writeRoutes(folder, Object.keys(exported));
        await all(
          Object.entries(bundlers).map(([bundler, flags]) => () =>
            check(folder, flags, JSON.stringify(exported)).catch((error) => {
              throw new Error(`${bundler}: ${error}`);
            })
          ),
        );
      }),
  }));
}

/** Writes the routes of `tests/next/`, and one that returns what each entry exports. */
async function writeRoutes(folder: string, entries: readonly string[]): Promise<void> {
  await outputs("cp", ["-r", "tests/next/app", folder]);
  await Deno.mkdir(`${folder}/app/entries`);
  const exported = entries.map((name, n) => `"${name}": Object.keys(e${n}).sort()`).join();
  await Deno.writeTextFile(
    `${folder}/app/entries/route.ts`,
    `${importsOf(entries)}export const POST = () => Response.json({ ${exported} });\n`,
  );
}

/** Builds the program, starts it, and calls each of its routes. */
async function check(folder: string, flags: readonly string[], exported: string): Promise<void> {
  const next = ["node", `${folder}/node_modules/next/dist/bin/next`] as const;
  const options = { cwd: folder, env: ENV, timeoutMs: BUILD_MS };
  const built = await outputs(next[0], [next[1], "build", ...flags], options);
  doesNotMatch(built.stdout + built.stderr, /compiled with warnings/i);
  await using server = await FaktoryServer.start({ port: 0, password: "open, sesame" });
  await using program = new Program(
    [...next, "start", "--hostname", "127.0.0.1", "--port", "0"],
    { cwd: folder, env: { ...ENV, FAKTORY_URL: server.url } },
  );
  const url = /http:.*:\d+/.exec(await program.line(/http:\/\/127\.0\.0\.1:\d/))![0];
  await program.line(/Ready/);
  const post = async (route: string, body: string | null = null) =>
    JSON.stringify(await (await fetch(`${url}/${route}`, { method: "POST", body })).json());
  for (const picture of ["cat", "dog"]) {
    match(await post("jobs", `"${picture}.png"`), /^\{"jid":"[\w-]{16}"\}$/);
  }
  equal(await post("run"), '["world"]');
  equal(await post("edge"), '{"code":"UNSUPPORTED_RUNTIME"}');
  equal(await post("entries"), exported);
  await useDashboard(url);
  equal(server.queues({ name: "default" }).queues[0]?.paused, true);
  equal(server.snapshot().queues["default"], 2);
}

/** Logs in to the dashboard, reads a page and its events, and pauses a queue. */
async function useDashboard(origin: string): Promise<void> {
  const post = (path: string, fields: Record<string, string>, headers = {}) =>
    fetch(`${origin}/board${path}`, {
      ...{ method: "POST", body: new URLSearchParams(fields), redirect: "manual" },
      headers: { origin, ...headers },
    });
  const refused = await fetch(`${origin}/board/api/info`);
  const login = await post("/login", { password: "hush" });
  const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
  deepEqual([refused.status, login.status, cookie === ""], [401, 303, false]);
  const page = await fetch(`${origin}/board/queues`, { headers: { cookie } });
  match(await page.text(), /Pause default/);
  const events = await fetch(`${origin}/board/events`, { headers: { cookie } });
  const reader = events.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  match(new TextDecoder().decode(value), /^retry:/);
  const change = await post("/queues", { name: "default", action: "pause" }, { cookie });
  equal(change.status, 303);
}
