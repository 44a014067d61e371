import type { Job } from "../job/job.ts";
import type { StandardSchema } from "../job/standard_schema.ts";
import { validateArgs } from "../job/validate.ts";
import { withArgs } from "../job/with_args.ts";
import type { Handler, JobContext } from "./handler.ts";

/**
 * A handler that is given what `schema` makes of a job's arguments, and that is not called where they do not fit: the job
 * fails as if it had thrown. The consumer itself goes on with the job as it came, which is the one to be enqueued again.
 */
export function checkedHandler(
  schema: StandardSchema<readonly unknown[]>,
  handler: Handler,
): Handler {
  return (job: Job, context: JobContext) => {
    const { jid, type } = job;
    const run = (args: readonly unknown[]) => handler(withArgs(job, args as unknown[]), context);
    const args = validateArgs(schema, job.args, { action: `run job ${jid}`, type });
    return args instanceof Promise ? args.then(run) : run(args);
  };
}
