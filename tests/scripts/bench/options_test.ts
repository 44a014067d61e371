import assert from "node:assert/strict";
import { it } from "node:test";
import { help, readOptions } from "../../../scripts/bench/options.ts";
import { planOf } from "../../../scripts/bench/plan.ts";
import { UsageError } from "../../../scripts/usage.ts";

const CAN = { hasReal: false, rustFault: undefined };

it("measures all but what is too long, by default", () => {
  const options = readOptions([])!;
  assert.deepEqual([options.rounds, options.ms, options.isQuick], [3, 2000, false]);
  assert.ok(options.only.includes("consume-1000") && !options.only.includes("steady"));
  assert.ok(options.clients.includes("rust"));
});

it("takes what is said, in whatever order, and goes by it rather than by --quick", () => {
  const options = readOptions([
    ...["--quick", "--rounds", "2", "--only", "steady,enqueue", "--clients=npm,deno,npm"],
    ...["--json", "a.json", "--plots", "docs/plots", "--check"],
  ])!;
  assert.deepEqual(options, {
    rounds: 2,
    ms: 300,
    only: ["enqueue", "steady"],
    clients: ["deno", "npm"],
    json: "a.json",
    plots: "docs/plots",
    isQuick: true,
    isCheck: true,
  });
});

it("says in one line what it cannot use", () => {
  for (
    const [args, message] of [
      [["--nope"], /'--nope'/],
      [["extra"], /'extra'/],
      [["--rounds", "0"], /--rounds .* got "0"/],
      [["--rounds", "1.5"], /--rounds/],
      [["--ms", "soon"], /--ms .* got "soon"/],
      [["--ms"], /--ms/],
      [["--quick=yes"], /--quick/],
      [["--only", "enqueue,nothing"], /"nothing" is none of enqueue-serial, /],
      [["--clients", ","], /names nothing/],
      [["--json", ""], /--json/],
    ] as const
  ) {
    assert.throws(() => readOptions(args), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }
});

it("asks for help", () => {
  assert.equal(readOptions(["--help"]), undefined);
  assert.equal(readOptions(["-h"]), undefined);
  assert.match(help, /^ {2}--plots FOLDER /m);
  assert.match(help, /consume-1000/);
});

it("leaves out what a client cannot do, and says why", () => {
  const options = readOptions(["--only", "pending-1m,enqueue", "--clients", "node,npm,rust"])!;
  const { subjects, omissions } = planOf(options, { ...CAN, rustFault: "there is no cargo here" });
  assert.deepEqual(
    subjects.map(({ workload, client }) => `${workload.name} ${client.name}`),
    ["enqueue node", "enqueue npm", "pending-1m node"],
  );
  assert.deepEqual(
    omissions.map(({ workload, client }) => `${workload.name} ${client.name}`),
    ["enqueue rust", "pending-1m npm", "pending-1m rust"],
  );
  assert.match(omissions[0]!.reason, /cargo/);
});

it("measures on a server that keeps jobs what needs one, and on a named one what is of use there", () => {
  const options = readOptions(["--only", "latency,enqueue,pending-1k", "--clients", "bun"])!;
  const servers = (hasReal: boolean) =>
    planOf(options, { ...CAN, hasReal }).subjects
      .map(({ server, workload }) => `${server} ${workload.name}`);
  assert.deepEqual(servers(false), ["null enqueue", "null pending-1k", "embedded latency"]);
  assert.deepEqual(servers(true).slice(3), ["real enqueue", "real latency"]);
});

it("makes everything small where it is only tried", () => {
  const { subjects } = planOf(
    readOptions(["--quick", "--only", "stream,steady", "--clients", "deno"])!,
    CAN,
  );
  assert.deepEqual(subjects.map(({ workload }) => [workload.jobs, workload.minMs]), [
    [20_000, undefined],
    [undefined, undefined],
  ]);
});

it("has more connections for what producers do on a server that takes its time, and nowhere else", () => {
  const options = readOptions(["--clients", "node-8"])!;
  const { subjects, omissions } = planOf(options, { hasReal: true, rustFault: undefined });
  assert.deepEqual(
    subjects.map(({ server, workload, client }) =>
      `${server} ${workload.name} ${client.connections}`
    ),
    ["real enqueue 8", "real enqueue-many 8", "real stream 8"],
  );
  assert.deepEqual(omissions, []);
});
