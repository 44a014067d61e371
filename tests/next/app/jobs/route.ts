/** Enqueues a job on the server that `FAKTORY_URL` names. */

import { FaktoryError, Producer } from "@faktory-ts/faktory";

let connecting: Promise<Producer> | undefined;

function connect(): Promise<Producer> {
  return connecting ??= Producer.connect().catch((error) => {
    connecting = undefined;
    throw error;
  });
}

export async function POST(request: Request): Promise<Response> {
  try {
    const producer = await connect();
    const jid = await producer.enqueue("resize", [await request.json()]);
    return Response.json({ jid }, { status: 202 });
  } catch (error) {
    return Response.json({ code: codeOf(error) }, { status: 500 });
  }
}

function codeOf(error: unknown): string {
  return error instanceof FaktoryError ? error.code : String(error);
}
