import assert from "node:assert/strict";
import { it } from "node:test";
import { PasswordlessProducer, Producer } from "../../src/edge/mod.ts";
import { selectTransport } from "../../src/transport/select.ts";
import { startQuick } from "../server/quick.ts";

it("connects with the password, and reports a wrong one", async () => {
  const transport = await selectTransport();
  await using server = await startQuick({ password: "open, sesame" });
  await using producer = await Producer.connect({ url: server.url, transport });
  await producer.enqueue("x");
  const { port } = server;
  const url = `tcp://127.0.0.1:${port}`;
  await assert.rejects(Producer.connect({ url, password: "shut", transport }), {
    code: "PASSWORD_REFUSED",
  });
  await assert.rejects(Producer.connect({ url, transport }), { code: "PASSWORD_REQUIRED" });
  await assert.rejects(PasswordlessProducer.connect({ url, transport }), {
    code: "PASSWORD_REQUIRED",
  });
  assert.equal(server.snapshot().queues["default"], 1);
});

it("enqueues on the server that replaced the last one", async () => {
  const transport = await selectTransport();
  const first = await startQuick();
  const producer = await Producer.connect({ url: first.url, transport });
  await producer.enqueue("x");
  await first.close();
  const codes: unknown[] = [];
  // The end of the connection may arrive before or after the first of these calls.
  for (let call = 0; call < 3; call++) {
    await producer.enqueue("x").catch(({ code }) => codes.push(code));
  }
  assert.equal(codes.length, 3, "nobody listens");
  assert.equal(codes.at(-1), "CONNECTION_REFUSED");
  await using second = await startQuick({ port: first.port });
  await producer.enqueue("x");
  assert.equal(second.snapshot().queues["default"], 1);
  await producer.close();
});
