/** What a release is made of. */
export interface Release {
  /** The tag, with its `v`. */
  readonly tag: string;
  /** The version in `deno.json`. */
  readonly version: string;
  /** The text of `CHANGELOG.md`. */
  readonly changelog: string;
}

/** Where the tag, `deno.json` and the changelog disagree about what is released. */
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
  if (!sections.get(version)) faults.push(`CHANGELOG.md says nothing of ${version}`);
  if (sections.get("Unreleased")) faults.push("CHANGELOG.md still has changes under Unreleased");
  return faults;
}
