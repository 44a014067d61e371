import type { CommandDefinition } from "../command.ts";
import { info } from "./info.ts";
import { push } from "./push.ts";
import { queues } from "./queues.ts";
import { serve } from "./serve.ts";
import { sets } from "./sets.ts";

/** Every command, in the order of the help. */
export const commands: readonly CommandDefinition[] = [
  serve,
  info,
  push,
  queues,
  ...sets,
];
