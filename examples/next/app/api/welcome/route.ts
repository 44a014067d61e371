import { connect } from "../../../lib/producer.ts";

export async function POST(request: Request): Promise<Response> {
  const { name } = await request.json().catch(() => ({}));
  if (typeof name !== "string") {
    return Response.json({ error: 'send {"name": "Ada"}' }, { status: 400 });
  }
  const producer = await connect();
  const jid = await producer.enqueue("welcome", [name]);
  return Response.json({ jid }, { status: 202 });
}
