import { FaktoryServer } from "../../src/server/mod.ts";
import { inTempFolder, outputs, type Project, readProject } from "../tools.ts";
import { optionalPeers } from "../npm/manifest.ts";
import { exportedBySources } from "./installed_entries.ts";
import { installNpm, type Packed } from "./npm.ts";
import { all, type Step } from "./step.ts";

/** A version of Next, with the flag of `next build` for each of its bundlers. */
interface NextVersion {
  readonly version: string;
  readonly flags: Readonly<Record<"webpack" | "Turbopack", string | undefined>>;
}

const nextVersions: readonly NextVersion[] = [
  { version: "15.5.29", flags: { webpack: undefined, Turbopack: "--turbopack" } },
  { version: "16.4.6", flags: { webpack: "--webpack", Turbopack: undefined } },
];

/** Packages of a program in TypeScript beside Next. */
const PACKAGES = [
  ...["react@19.3.1", "react-dom@19.3.1", "typescript@5.9.3"],
  ...["@types/react@19", "@types/node@24"],
];

/** Time limit of a build, which takes a minute on a busy machine. */
const BUILD_MS = 600_000;

const ENV = { NEXT_TELEMETRY_DISABLED: "1" };

/**
 * A step for each version: a fresh program with the packed package is built by each bundler,
 * started, and asked.
 */
export function nextSteps(packed: Packed): Step[] {
  return nextVersions.map((version) => nextStep(version, packed));
}

function nextStep({ version, flags }: NextVersion, packed: Packed): Step {
  return {
    name: `Next ${version}`,
    run: () =>
      inTempFolder(async (folder) => {
        const project = await readProject();
        await install(folder, { project, version, tarball: await packed() });
        await all(
          Object.entries(flags).map(([bundler, flag]) => async () => {
            const args = flag === undefined ? [] : [flag];
            const fault = await check(folder, { project, args }).catch(String);
            if (fault !== undefined) throw new Error(`${bundler}: ${fault}`);
          }),
        );
      }),
  };
}

/** Installs the packages, and writes the routes of `tests/next/`. */
async function install(
  folder: string,
  { project, version, tarball }: {
    readonly project: Project;
    readonly version: string;
    readonly tarball: string;
  },
): Promise<void> {
  const peers = Object.keys(optionalPeers).map((name) =>
    project.imports[name]!.slice("npm:".length)
  );
  await installNpm(folder, [`next@${version}`, ...PACKAGES, ...peers, tarball]);
  await outputs("cp", ["-r", "tests/next/app", folder]);
  const names = Object.keys(await exportedBySources(project));
  const imports = names.map((name, index) => `import * as e${index} from "${name}";\n`);
  const exported = names.map((name, index) => `    "${name}": Object.keys(e${index}).sort(),\n`);
  await Deno.mkdir(`${folder}/app/entries`);
  await Deno.writeTextFile(
    `${folder}/app/entries/route.ts`,
    `${imports.join("")}
export function POST(): Response {
  return Response.json({\n${exported.join("")}  });
}
`,
  );
}

/**
 * Builds the program, starts it, and calls each of its routes. Returns a fault, if there is one.
 */
async function check(
  folder: string,
  { project, args }: { readonly project: Project; readonly args: readonly string[] },
): Promise<string | undefined> {
  const next = `${folder}/node_modules/next/dist/bin/next`;
  const built = await outputs("node", [next, "build", ...args], {
    ...{ cwd: folder, env: ENV, timeoutMs: BUILD_MS },
  });
  const said = `${built.stdout}${built.stderr}`;
  if (/compiled with warnings/i.test(said)) return said;
  await using server = await FaktoryServer.start({ port: 0, password: "open, sesame" });
  await using program = await start(next, {
    cwd: folder,
    env: { ...ENV, FAKTORY_URL: server.url },
  });
  const post = async (route: string, body?: string) => {
    const request = body === undefined ? {} : { body };
    const response = await fetch(`${program.url}/${route}`, { method: "POST", ...request });
    return JSON.stringify(await response.json());
  };
  const answers = [
    await post("jobs", '"cat.png"'),
    await post("jobs", '"dog.png"'),
    await post("run"),
    await post("edge"),
    await post("entries"),
  ];
  const expected = [
    /^\{"jid":"[\w-]{16}"\}$/,
    /^\{"jid":"[\w-]{16}"\}$/,
    '["world"]',
    '{"code":"UNSUPPORTED_RUNTIME"}',
    JSON.stringify(await exportedBySources(project)),
  ];
  const board = await useDashboard(program.url);
  if (board !== undefined) return `the dashboard: ${board}`;
  const faults = answers.filter((answer, index) => {
    const wanted = expected[index]!;
    return typeof wanted === "string" ? answer !== wanted : !wanted.test(answer);
  });
  if (faults.length > 0) return `it answered ${faults.join(" and ")}`;
  if (server.queues({ name: "default" }).queues[0]?.paused !== true) {
    return "the dashboard has not paused the queue";
  }
  const { default: waiting } = server.snapshot().queues;
  return waiting === 2 ? undefined : `${waiting} jobs were enqueued, not 2`;
}

/** Logs in to the dashboard, reads a page and its events, and pauses a queue. Returns a fault. */
async function useDashboard(origin: string): Promise<string | undefined> {
  const post = (path: string, fields: Record<string, string>, headers = {}) =>
    fetch(`${origin}/board${path}`, {
      ...{ method: "POST", body: new URLSearchParams(fields), redirect: "manual" },
      headers: { origin, ...headers },
    });
  const refused = await fetch(`${origin}/board/api/info`);
  if (refused.status !== 401) return `without the password it answers ${refused.status}`;
  const login = await post("/login", { password: "hush" });
  const cookie = login.headers.get("set-cookie")?.split(";")[0] ?? "";
  if (login.status !== 303 || cookie === "") return `the login is answered ${login.status}`;
  const page = await (await fetch(`${origin}/board/queues`, { headers: { cookie } })).text();
  if (!page.includes("Pause default")) return `its page of queues is ${page.slice(0, 500)}`;
  const events = await fetch(`${origin}/board/events`, { headers: { cookie } });
  const reader = events.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  const said = new TextDecoder().decode(value);
  if (!said.startsWith("retry:")) return `its first event is ${said}`;
  const change = await post("/queues", { name: "default", action: "pause" }, { cookie });
  return change.status === 303 ? undefined : `a change is answered ${change.status}`;
}

interface Program extends AsyncDisposable {
  readonly url: string;
}

/** Starts the built program, on a free port. */
async function start(
  next: string,
  { cwd, env }: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<Program> {
  const program = new Deno.Command("node", {
    args: [next, "start", "--hostname", "127.0.0.1", "--port", "0"],
    cwd,
    env,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const stop = async () => {
    program.kill("SIGTERM");
    await program.status;
  };
  let said = "";
  for await (const text of program.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
    if (url !== undefined && said.includes("Ready")) return { url, [Symbol.asyncDispose]: stop };
  }
  throw new Error(`next start ended, and said ${said}`);
}
