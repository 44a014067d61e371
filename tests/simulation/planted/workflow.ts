import type { PlantedFault } from "./fault.ts";

/** Faults of workflows. */
export const workflowFaults: readonly PlantedFault[] = [
  {
    name: "a join fetches its tokens without a mark",
    file: "src/workflow/tokens.ts",
    find: "  await pushAll(producer, [encode(marks, [], 0)]);\n",
    replace: "",
  },
  {
    name: "a join starts the next job although a part is missing",
    file: "src/workflow/joiner.ts",
    find: "if (!(index in facts)) return undefined;",
    replace: "",
  },
  {
    name: "a join with all its parts does not start the next job",
    file: "src/workflow/joiner.ts",
    find: "await sendPushes(producer, next, queue);",
    replace: "",
  },
];
