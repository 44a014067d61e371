import { engines } from "../versions.ts";
import type { Project } from "../tools.ts";

/** The entry that is a program. `require()` is not supported for it. */
export const COMMAND_ENTRY = "./cli";

/**
 * The entries that start processes. They import Node's modules, so they are for Node, Bun and Deno
 * only.
 */
export const PROCESS_ENTRIES: readonly string[] = [COMMAND_ENTRY, "./supervisor"];

/**
 * Packages that a program must install itself if it imports the entry that needs them, by the
 * package's name.
 */
export const optionalPeers: Readonly<Record<string, string>> = {
  "@opentelemetry/api": "./telemetry",
};

/**
 * Packages whose code is copied into the npm package, as far as it is used. Their licences are
 * included.
 */
export const inlinedPackages: readonly string[] = ["croner", "hono"];

/** Folder of the package for `require()`. */
export const COMMON_JS = "cjs";

/** The files of an entry, relative to the package's folder. */
export interface EntryFiles {
  /** Name in the manifest, such as `./server`. */
  readonly name: string;
  readonly code: string;
  readonly types: string;
}

/** Returns the ES modules of the entries in `folder` of the package: `.` or `./esm`. */
export function moduleFiles({ exports }: Project, folder: string): EntryFiles[] {
  return Object.entries(exports).map(([name, source]) => filesOf(name, folder, source));
}

/** Returns the CommonJS files of the entries that have them. */
export function commonJsFiles({ exports }: Project): EntryFiles[] {
  return Object.entries(exports).filter(([name]) => name !== COMMAND_ENTRY)
    .map(([name, source]) => filesOf(name, `./${COMMON_JS}`, source));
}

function filesOf(name: string, folder: string, source: string): EntryFiles {
  const path = `${folder}/${source.replace(/^\.\//, "").replace(/\.ts$/, "")}`;
  return { name, code: `${path}.js`, types: `${path}.d.ts` };
}

/** The fields of the npm package's `package.json` that do not come from the tool that builds it. */
export type Manifest = Readonly<Record<string, unknown>>;

const home = "https://github.com/faktory-ts/faktory";

/** Differences between the two ways of building the package. */
export interface Built {
  /** Folder of the ES modules in the package: `.` or `./esm`. */
  readonly folder: string;
  /** Packages that they import, with their ranges. */
  readonly packages: Readonly<Record<string, string>>;
}

/** The manifest of the package, however it was built. */
export function npmManifest(project: Project, { folder, packages }: Built): Manifest {
  const { name, version, license } = project;
  const modules = moduleFiles(project, folder);
  const commonJs = new Map(commonJsFiles(project).map((files) => [files.name, files]));
  const command = modules.find((files) => files.name === COMMAND_ENTRY)?.code;
  const main = modules.find((files) => files.name === ".");
  return {
    ...{ name, version, license },
    description: "A client for the Faktory work server, for Node, Bun, Deno and edge runtimes",
    keywords: ["faktory", "jobs", "queue", "worker", "background-jobs", "deno", "bun", "node"],
    homepage: home,
    repository: { type: "git", url: `git+${home}.git` },
    bugs: { url: `${home}/issues` },
    engines,
    type: "module",
    // For tools that do not know `exports`.
    main: commonJs.get(".")?.code,
    module: main?.code,
    types: main?.types,
    typesVersions: { "*": typesVersions(modules) },
    exports: Object.fromEntries(
      modules.map((files) => [files.name, conditionsOf(files, commonJs.get(files.name))]),
    ),
    sideEffects: [command],
    bin: { faktory: command },
    ...dependencyFields(packages),
    publishConfig: { access: "public" },
  };
}

function dependencyFields(packages: Built["packages"]): Manifest {
  const [dependencies, peerDependencies] = [false, true].map((isPeer) =>
    Object.fromEntries(
      Object.entries(packages).filter(([name]) => name in optionalPeers === isPeer),
    )
  );
  const peerDependenciesMeta = Object.fromEntries(
    Object.keys(optionalPeers).map((name) => [name, { optional: true }]),
  );
  return { dependencies, peerDependencies, peerDependenciesMeta };
}

/**
 * Returns the conditions for each kind of program. A process should have one copy of the package,
 * so CommonJS is only for programs that cannot load ES modules with `require()`: Node before 20.19
 * and 22.12, and Jest.
 */
function conditionsOf({ code, types }: EntryFiles, commonJs: EntryFiles | undefined) {
  if (commonJs === undefined) return { types, import: code, default: code };
  return {
    import: { types, default: code },
    // Node's and Deno's `require()`.
    "module-sync": { types, default: code },
    // The `require()` of bundlers, and of Bun.
    module: code,
    bun: code,
    require: { types: commonJs.types, default: commonJs.code },
    default: code,
  };
}

/** Returns the entries' types for `moduleResolution: node10`, which does not read `exports`. */
function typesVersions(modules: readonly EntryFiles[]): Record<string, readonly string[]> {
  return Object.fromEntries(
    modules.filter(({ name }) => name !== ".").map(({ name, types }) => [name.slice(2), [types]]),
  );
}
