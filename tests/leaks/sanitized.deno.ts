/**
 * Runs every scenario under Deno's own sanitizers, which `node:test` cannot use: no operation,
 * resource or exit may be left. It is for Deno only, so its name does not end in `_test.ts`. The
 * gate's step `leaks` runs it.
 */

import { scenarios } from "./scenarios.ts";

for (const [name, fn] of Object.entries(scenarios)) {
  Deno.test({ name, fn, sanitizeOps: true, sanitizeResources: true, sanitizeExit: true });
}
