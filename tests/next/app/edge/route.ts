/** Next's edge runtime has no sockets: the package is built for it and says so. */

import { FaktoryError, Producer } from "@faktory-ts/faktory";

export const runtime = "edge";

export async function POST(): Promise<Response> {
  const error = await Producer.connect({ url: "tcp://127.0.0.1:1" }).catch((error) => error);
  return Response.json({ code: error instanceof FaktoryError ? error.code : String(error) });
}
