/**
 * `deno run -R scripts/release.ts TAG`: fails unless the tag, `deno.json` and `CHANGELOG.md` agree
 * on the version. Prints `dist-tag=latest` or `dist-tag=next` for the workflow.
 */

/** The parts of a release: the tag with its `v`, the version in `deno.json`, `CHANGELOG.md`. */
export interface Release {
  readonly tag: string;
  readonly version: string;
  readonly changelog: string;
}

/** Lists disagreements between the tag, `deno.json` and the changelog. */
export function releaseFaults({ tag, version, changelog }: Release): string[] {
  const faults: string[] = [];
  if (tag !== `v${version}`) faults.push(`the tag is ${tag}, but deno.json's version ${version}`);
  const sections = new Map(
    changelog.split(/^## /m).slice(1).map((section) => {
      const [heading = "", ...lines] = section.split("\n");
      // A date may follow the version.
      return [heading.split(" ")[0] ?? "", lines.join("\n").trim()];
    }),
  );
  // The changes of a prerelease may stay under Unreleased until the final version.
  const headings = isPrerelease(version) ? ["Unreleased", version] : [version];
  if (!headings.some((heading) => sections.get(heading))) {
    faults.push(`CHANGELOG.md has no changes under ${headings.join(" or ")}`);
  }
  if (!headings.includes("Unreleased") && sections.get("Unreleased")) {
    faults.push("CHANGELOG.md still has changes under Unreleased");
  }
  return faults;
}

/**
 * Returns the npm tag of a version. `npm install` without a version must never choose a prerelease.
 */
export function distTag(version: string): "latest" | "next" {
  return isPrerelease(version) ? "next" : "latest";
}

function isPrerelease(version: string): boolean {
  const [withoutBuild = ""] = version.split("+");
  return withoutBuild.includes("-");
}

if (import.meta.main) {
  const [tag = ""] = Deno.args;
  const { version } = JSON.parse(Deno.readTextFileSync("deno.json"));
  const changelog = Deno.readTextFileSync("CHANGELOG.md");
  const faults = releaseFaults({ tag, version, changelog });
  for (const fault of faults) console.error(`Cannot release ${tag} as ${fault}`);
  if (faults.length > 0) Deno.exit(1);
  console.log(`dist-tag=${distTag(version)}`);
}
