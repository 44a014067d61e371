/**
 * The newest version of each supported major version of Node. The workflow's matrix and `README.md`
 * follow the majors.
 */
export const nodeVersions: readonly [string, ...string[]] = [
  "20.20.2",
  "22.23.2",
  "24.20.0",
  "26.10.0",
];

/** The oldest version that the package works on. It is tested, too. */
export const oldestNode = "20.0.0";

/**
 * Versions of TypeScript that check the package's declarations, from the oldest that has
 * `AsyncDisposable`, besides the project's own. `docs/requirements.md` names the oldest.
 */
export const typescriptVersions = ["5.2.2", "5.4.5", "5.7.3", "5.9.3", "7.0.2"] as const;

export const engines = { node: `>=${oldestNode}` };

/** Returns the major version: `20` for `20.20.2` and `v20.20.2`. */
export function majorOf(version: string): string {
  return /^v?(\d+)\./.exec(version)?.[1] ?? version;
}

/** Returns the versions to download: the oldest, and the majors that are not installed. */
export function missingNodes(installed: string): string[] {
  const others = nodeVersions.filter((version) => majorOf(version) !== majorOf(installed));
  return [oldestNode, ...others].filter((version) => installed !== `v${version}`);
}

/** npm's names of platforms, where they differ from Deno's. */
const WORDS: Readonly<Record<string, string>> = { windows: "win", x86_64: "x64", aarch64: "arm64" };

/**
 * Returns the npm package that contains Node for a platform, in Deno's words, and the path of its
 * binary.
 */
export function nodePackage({ os, arch }: Record<"os" | "arch", string>) {
  const [system, machine] = [os, arch].map((word) => WORDS[word] ?? word);
  // Another package already had the name without `bin`.
  const prefix = system === "darwin" && machine === "arm64" ? "node-bin" : "node";
  return {
    name: `${prefix}-${system}-${machine}`,
    binary: os === "windows" ? "bin/node.exe" : "bin/node",
  };
}

/** Returns the reason from npm's output, without the URL of the registry. */
export function npmReason(said: string): string {
  const lines = [...said.matchAll(/npm (?:error|ERR!) +(.*\S)/g)].map(([, line = ""]) => line);
  const code = lines.find((line) => line.startsWith("code "));
  const reason = lines.find((line) => !/^(?:code|syscall|errno) /.test(line));
  const all = [code, reason].filter((line) => line !== undefined);
  return all.join(": ").replaceAll(/https?:\S+/g, "the registry") || said;
}
