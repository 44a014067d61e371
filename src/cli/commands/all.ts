import type { CommandDefinition } from "../command.ts";
import { bench } from "./bench/bench.ts";
import { cancel } from "./cancel.ts";
import { dashboard } from "./dashboard.ts";
import { doctor } from "./doctor/doctor.ts";
import { completion } from "./completion/completion.ts";
import { info } from "./info.ts";
import { job } from "./job.ts";
import { push } from "./push/push.ts";
import { queues } from "./queues.ts";
import { serve } from "./serve/serve.ts";
import { sets } from "./sets.ts";
import { work } from "./work/work.ts";
import { top } from "./top/top.ts";

/** All commands, in the order of the help. */
export const commands: readonly CommandDefinition[] = [
  serve,
  work,
  info,
  top,
  dashboard,
  doctor,
  bench,
  push,
  queues,
  ...sets,
  job,
  cancel,
  completion,
];
