import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";

const root = new URL("../../", import.meta.url);
const folder = new URL(".github/workflows/", root);
const workflows = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(new URL(name, folder), "utf8"),
}));
const release = workflows.find(({ name }) => name === "release.yml")?.text ?? "";

/** The jobs of a workflow, by name, each with its text. */
function jobsOf(text: string): Map<string, string> {
  const [, jobs = ""] = text.split(/^jobs:\n/m);
  const parts = jobs.split(/^ {2}([\w-]+):\n/m).slice(1);
  return new Map(
    parts.flatMap((name, index) => index % 2 === 0 ? [[name, parts[index + 1] ?? ""]] : []),
  );
}

describe("the workflows", () => {
  for (const { name, text } of workflows) {
    it(`${name} pins each action by its commit, with the version beside it`, () => {
      const uses = text.split("\n").filter((line) => line.includes("uses:"));
      assert.ok(uses.length > 0);
      for (const line of uses) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d/);
    });

    it(`${name} takes Deno's version from the one file that has it`, () => {
      assert.doesNotMatch(text, /deno-version:/);
      assert.match(text, /deno-version-file: /);
    });

    it(`${name} names the version of each service`, () => {
      for (const [, image = ""] of text.matchAll(/image: (\S+)/g)) {
        assert.match(image, /:\d+\.\d+\.\d+$/);
      }
    });
  }

  it("build the packages in a job that may publish nothing", () => {
    assert.match(release.slice(0, release.indexOf("jobs:")), /permissions:\n {2}contents: read\n/);
    assert.doesNotMatch(jobsOf(release).get("build") ?? "", /id-token|permissions/);
  });

  it("publish what the build job made, and run nothing of the repository beside it", () => {
    const jobs = jobsOf(release);
    for (const name of ["npm", "jsr"]) {
      const job = jobs.get(name) ?? "";
      assert.match(job, /id-token: write/);
      assert.match(job, /actions\/download-artifact/);
      assert.doesNotMatch(job, /checkout|npm (?:ci|install)|deno (?:task|run)/);
    }
  });

  it("publish to JSR only what npm has taken", () => {
    assert.match(jobsOf(release).get("jsr") ?? "", /needs: \[build, npm\]/);
  });
});

describe("Deno's version", () => {
  it("is the same wherever a reader is told to run one", () => {
    const version = readFileSync(new URL(".dvmrc", root), "utf8").trim();
    assert.match(version, /^\d+\.\d+\.\d+$/);
    for (const file of ["README.md", "CONTRIBUTING.md"]) {
      const versions = [...readFileSync(new URL(file, root), "utf8").matchAll(/deno@([\d.]*\d)/g)];
      assert.ok(versions.length > 0, `${file} names no version of Deno`);
      for (const [, one] of versions) assert.equal(one, version, file);
    }
  });
});
