/** Runs a job: embedded server, producer and consumer in one request. */

import { Consumer, Producer } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";

export async function POST(): Promise<Response> {
  const server = await FaktoryServer.start({ port: 0, password: "hush" });
  const connection = { url: server.url, password: "hush" };
  const producer = await Producer.connect(connection);
  const ran: unknown[] = [];
  const consumer = new Consumer(connection).register("greet", ({ args }) => void ran.push(...args));
  await producer.enqueue("greet", ["world"]);
  await consumer.runOne();
  await producer.close();
  await server[Symbol.asyncDispose]();
  return Response.json(ran);
}
