import assert from "node:assert/strict";
import { it } from "node:test";
import { edgeBudgets, overBudget, weighEdge } from "../../scripts/gate/edge_bundle.ts";

it("keeps the producers of ./edge within their budgets", async () => {
  const sizes = await weighEdge();
  console.log(JSON.stringify(sizes));
  assert.deepEqual(overBudget(sizes), []);
  // A bundle in which something is missing would be within it, too.
  assert(sizes.Producer > edgeBudgets.Producer / 2);
  assert(sizes.PasswordlessProducer > edgeBudgets.PasswordlessProducer / 2);
});

it("says which of them is over its budget", () => {
  assert.deepEqual(overBudget({ Producer: 10_001, PasswordlessProducer: 10_000 }), []);
  const [fault, ...others] = overBudget({ Producer: 10_001, PasswordlessProducer: 10_001 });
  assert.match(fault!, /^PasswordlessProducer .* 10001 .* 10000/);
  assert.equal(others.length, 0);
});
