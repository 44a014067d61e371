/** The most packages that a program gets when it installs this one, which counts. */
const MAX_PACKAGES = 3;

/** The most that they take on a disk, in bytes. */
const MAX_BYTES = 2 * 1024 * 1024;

/** A program's `node_modules` after it has installed this package and nothing else. */
export interface FreshInstall {
  readonly packages: readonly string[];
  readonly bytes: number;
}

/** Why a fresh install is too much; `undefined` where it is not. */
export function freshInstallFault(fresh: FreshInstall): string | undefined {
  if (fresh.packages.length <= MAX_PACKAGES && fresh.bytes <= MAX_BYTES) return undefined;
  return `a fresh install is ${describeInstall(fresh)}: at most ${MAX_PACKAGES} packages and ` +
    `${kib(MAX_BYTES)} KiB are allowed`;
}

/** What a fresh install is, for people. */
export function describeInstall({ packages, bytes }: FreshInstall): string {
  return `${packages.length} packages (${packages.join(", ")}) of ${kib(bytes)} KiB`;
}

function kib(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
