import assert from "node:assert/strict";
import { it } from "node:test";
import { distTag, releaseFaults } from "../../scripts/release.ts";

const changelog = "# Changelog\n\n## Unreleased\n\n## 0.2.0 (2030-01-01)\n\n- New.\n\n## 0.1.0\n";

it("takes a release that tag, version and changelog agree on", () => {
  assert.deepEqual(releaseFaults({ tag: "v0.2.0", version: "0.2.0", changelog }), []);
});

it("refuses a tag of another version", () => {
  const faults = releaseFaults({ tag: "v0.2.1", version: "0.2.0", changelog });
  assert.deepEqual(faults, ["the tag is v0.2.1, but deno.json's version 0.2.0"]);
});

it("refuses a version of which the changelog says nothing", () => {
  for (const version of ["0.3.0", "0.1.0"]) {
    const faults = releaseFaults({ tag: `v${version}`, version, changelog });
    assert.deepEqual(faults, [`CHANGELOG.md has no changes under ${version}`]);
  }
});

it("refuses changes that are left under Unreleased", () => {
  const left = changelog.replace("## Unreleased\n", "## Unreleased\n\n- Newer.\n");
  const faults = releaseFaults({ tag: "v0.2.0", version: "0.2.0", changelog: left });
  assert.deepEqual(faults, ["CHANGELOG.md still has changes under Unreleased"]);
});

it("takes a prerelease whose changes are still under Unreleased, or in a section of its own", () => {
  const release = { tag: "v0.3.0-rc.1", version: "0.3.0-rc.1" };
  for (const heading of ["Unreleased", "0.3.0-rc.1"]) {
    assert.deepEqual(releaseFaults({ ...release, changelog: `## ${heading}\n\n- New.\n` }), []);
  }
  assert.deepEqual(releaseFaults({ ...release, changelog }), [
    "CHANGELOG.md has no changes under Unreleased or 0.3.0-rc.1",
  ]);
});

it("publishes a prerelease under the tag next, so that nobody gets it unasked", () => {
  assert.equal(distTag("1.0.0"), "latest");
  assert.equal(distTag("1.0.0+build-7"), "latest");
  assert.equal(distTag("1.0.0-rc.1"), "next");
});
