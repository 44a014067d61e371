/** The code for the threads: they call the default export with each job. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { IsolatedRun } from "@faktory-ts/faktory";

const hash: IsolatedRun<[path: string]> = async ({ args: [path] }, { signal }) => {
  const sum = createHash("sha256");
  for await (const chunk of createReadStream(path, { signal })) sum.update(chunk);
  return sum.digest("hex");
};
export default hash;
