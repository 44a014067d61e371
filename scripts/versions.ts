/**
 * The newest of each major version of Node that the package is for, pinned. The workflow's matrix
 * and what `README.md` says follow the majors.
 */
export const nodeVersions: readonly [string, ...string[]] = [
  "20.20.2",
  "22.23.2",
  "24.20.0",
  "26.10.0",
];

/** The first version that the package works on, which the package is tested on as well. */
export const oldestNode = "20.0.0";

/**
 * The versions of TypeScript that the package's declarations are checked with, pinned, from the
 * oldest that has `AsyncDisposable`; beside the project's own. `docs/requirements.md` names the
 * oldest.
 */
export const typescriptVersions = ["5.2.2", "5.4.5", "5.7.3", "5.9.3", "7.0.2"] as const;

/** The manifest's field of that name. */
export const engines = { node: `>=${oldestNode}` };

/** The `20` of `20.20.2`, and of `v20.20.2`. */
export function majorOf(version: string): string {
  return /^v?(\d+)\./.exec(version)?.[1] ?? version;
}

/**
 * The versions to fetch: the oldest, and those of another major than the Node that is installed.
 */
export function missingNodes(installed: string): string[] {
  const others = nodeVersions.filter((version) => majorOf(version) !== majorOf(installed));
  return [oldestNode, ...others].filter((version) => installed !== `v${version}`);
}

/** A platform, in Deno's words. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

/** npm's names of platforms that differ from Deno's. */
const WORDS: Readonly<Record<string, string>> = { windows: "win", x86_64: "x64", aarch64: "arm64" };

/** The package of npm that is Node for a platform, one binary, and where that is in it. */
export function nodePackage({ os, arch }: Platform): { name: string; binary: string } {
  const [system, machine] = [os, arch].map((word) => WORDS[word] ?? word);
  // The name without `bin` was another's when this platform came.
  const prefix = system === "darwin" && machine === "arm64" ? "node-bin" : "node";
  return {
    name: `${prefix}-${system}-${machine}`,
    binary: os === "windows" ? "bin/node.exe" : "bin/node",
  };
}

/**
 * Why npm could not install something, of all it said: without the registry, which is anybody's.
 */
export function npmReason(said: string): string {
  const lines = [...said.matchAll(/npm (?:error|ERR!) +(.*\S)/g)].map(([, line = ""]) => line);
  const code = lines.find((line) => line.startsWith("code "));
  const reason = lines.find((line) => !/^(?:code|syscall|errno) /.test(line));
  const all = [code, reason].filter((line) => line !== undefined);
  return all.join(": ").replaceAll(/https?:\S+/g, "the registry") || said;
}
