/** `deno task offline SUBCOMMAND ..`: Deno with stand-ins for JSR's packages, such as `deno task offline check mod.ts src`. */

import { deno } from "./command.ts";
import { offlineArgs } from "./stand_in.ts";

const [subcommand = "help", ...rest] = Deno.args;
const args = [subcommand, ...await offlineArgs(subcommand), ...rest];
const { code } = await new Deno.Command(deno, { args }).spawn().status;
Deno.exit(code);
