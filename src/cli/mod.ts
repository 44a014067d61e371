#!/usr/bin/env node
/**
 * The `faktory` command: a program, which runs when it is imported. It exports nothing.
 *
 * ```sh
 * npx @faktory-ts/faktory serve
 * bunx @faktory-ts/faktory push greet world
 * deno run -A jsr:@faktory-ts/faktory/cli info
 * ```
 *
 * @module
 */

import { runProcess } from "./process.ts";

void runProcess();

// Makes this file a module for the type checker.
export {};
