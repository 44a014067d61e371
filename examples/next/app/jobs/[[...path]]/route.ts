/** The dashboard, at `/jobs`. */

import { dashboard } from "@faktory-ts/faktory/dashboard";
import { connect } from "../../../lib/producer.ts";

let handler: ReturnType<typeof dashboard> | undefined;

async function show(request: Request): Promise<Response> {
  handler ??= dashboard(await connect(), { basePath: "/jobs" });
  return await handler(request);
}

export { show as GET, show as POST };
