import { rooms } from "../imports/rules.ts";
import { dependencyFaults, runtimeFaults } from "./dependencies.ts";
import { readProject } from "../project.ts";
import { fail, type Outcome, pass, type Step } from "./step.ts";

/** Where packages are needed that the source may import. */
const WHERE = ["runtime", "command", "peer", "`./ndjson`"];

/** Holds `CONTRIBUTING.md`'s table of dependencies to `deno.json`, and to what the rooms of the source may import. */
export const dependencyStep: Step = {
  name: "dependencies",
  async run(): Promise<Outcome> {
    const { imports } = await readProject();
    const contributing = await Deno.readTextFile("CONTRIBUTING.md");
    const packages = new Set(rooms.flatMap(({ packages = [] }) => packages));
    const faults = [
      ...dependencyFaults(Object.keys(imports), contributing),
      ...runtimeFaults({ what: "src/", packages: [...packages], where: WHERE }, contributing),
    ];
    return faults.length === 0 ? pass : fail(faults.join("; "));
  },
};

/** Fails when something between its making and its run has changed `deno.lock`: then that is not whole in the repository. */
export function lockStep(): Step {
  const before = Deno.readTextFileSync("deno.lock");
  return {
    name: "lock file",
    async run(): Promise<Outcome> {
      const after = await Deno.readTextFile("deno.lock");
      return after === before
        ? pass
        : fail("deno.lock was not complete: run deno install, commit it");
    },
  };
}

/** Says which servers the contract suite runs against. */
export const serverStep: Step = {
  name: "real server",
  run(): Promise<Outcome> {
    const url = Deno.env.get("FAKTORY_TEST_URL");
    const note = url === undefined
      ? "FAKTORY_TEST_URL is not set, so the contract suite runs against the embedded server alone"
      : "FAKTORY_TEST_URL is set, so the contract suite runs against that server too";
    return Promise.resolve({ passed: 0, failed: 0, skipped: 0, notes: [note] });
  },
};
