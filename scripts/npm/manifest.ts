import { majorOf, nodeVersions } from "../node_versions.ts";
import type { Project } from "../project.ts";

/** The fields of the npm package's `package.json` that `deno.json` has no place for. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly keywords: readonly string[];
  readonly homepage: string;
  readonly repository: { readonly type: "git"; readonly url: string };
  readonly bugs: { readonly url: string };
  readonly engines: Readonly<Record<string, string>>;
  /** The command alone does something when it is imported. */
  readonly sideEffects: readonly string[];
  readonly bin: { readonly faktory: string };
  readonly publishConfig: { readonly access: "public" };
}

const home = "https://github.com/faktory-ts/faktory";

/** The same for both ways of building the package, but for where they put the code of the entry `./cli`: `command`. */
export function npmManifest({ name, version, license }: Project, command: string): Manifest {
  return {
    name,
    version,
    description: "A client for the Faktory work server, for Node, Bun, Deno and edge runtimes",
    license,
    keywords: ["faktory", "jobs", "queue", "worker", "background-jobs", "deno", "bun", "node"],
    homepage: home,
    repository: { type: "git", url: `git+${home}.git` },
    bugs: { url: `${home}/issues` },
    engines: { node: `>=${majorOf(nodeVersions[0])}` },
    sideEffects: [command],
    bin: { faktory: command },
    publishConfig: { access: "public" },
  };
}

/** Packages that a program installs itself where it imports the entry that needs them: that entry, by the package's name. */
export const optionalPeers: Readonly<Record<string, string>> = {
  "@opentelemetry/api": "./telemetry",
};

interface Needs {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** A built manifest in which the packages of {@linkcode optionalPeers} are no dependencies, but optional peers. */
export function withOptionalPeers(manifest: Needs): object {
  const all = Object.entries(manifest.dependencies ?? {});
  const isPeer = ([name]: readonly [string, string]) => name in optionalPeers;
  return {
    ...manifest,
    dependencies: Object.fromEntries(all.filter((each) => !isPeer(each))),
    peerDependencies: Object.fromEntries(all.filter(isPeer)),
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(optionalPeers).map((name) => [name, { optional: true }]),
    ),
  };
}
