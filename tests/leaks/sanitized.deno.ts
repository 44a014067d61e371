/**
 * Every scenario under Deno's own sanitizers, which `node:test` is out of reach of: no operation,
 * no resource and no exit may be left. For Deno alone, so it is not named as the tests are that all
 * runtimes run: the gate's step `leaks` runs it.
 */

import { scenarios } from "./scenarios.ts";

for (const [name, fn] of Object.entries(scenarios)) {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true, sanitizeExit: true });
}
