import type { CommandDefinition } from "../command.ts";
import { bench } from "./bench/bench.ts";
import { doctor } from "./doctor/doctor.ts";
import { info } from "./info.ts";
import { push } from "./push.ts";
import { serve } from "./serve.ts";
import { top } from "./top/top.ts";

/** Every command, in the order of the help. */
export const commands: readonly CommandDefinition[] = [
  serve,
  info,
  top,
  doctor,
  bench,
  push,
];
