import assert from "node:assert/strict";
import { it } from "node:test";
import {
  edgeBudgets,
  edgeProducers,
  overBudget,
  weighEdge,
} from "../../scripts/gate/edge_bundle.ts";

it("keeps the producers of ./edge within their budgets", async () => {
  const sizes = await weighEdge();
  for (const name of edgeProducers) console.log(`${name}: ${JSON.stringify(sizes[name])}`);
  assert.deepEqual(overBudget(sizes), []);
  // A bundle in which something is missing would be within it, too.
  for (const name of edgeProducers) assert(sizes[name].gzippedBytes > edgeBudgets[name] / 2);
});

it("says which of them is over its budget", () => {
  const [within, over] = [{ bytes: 1, gzippedBytes: 10_000 }, { bytes: 1, gzippedBytes: 10_001 }];
  assert.deepEqual(overBudget({ Producer: over, PasswordlessProducer: within }), []);
  const [fault, ...others] = overBudget({ Producer: over, PasswordlessProducer: over });
  assert.match(fault!, /^PasswordlessProducer .* 10001 .* 10000/);
  assert.equal(others.length, 0);
});
