import assert from "node:assert/strict";
import { test } from "node:test";
import { scripted } from "./setting.ts";

test("an unknown command is sent on one line, and its reply returned as text", async () => {
  const { peer, producer } = await scripted();
  const replies: [said: string, reply: string | null][] = [
    ["+OK\r\n", "OK"],
    ["$3\r\nabc\r\n", "abc"],
    ["$-1\r\n", null],
    [":7\r\n", "7"],
  ];
  for (const [i, [said, reply]] of replies.entries()) {
    const answer = producer.command("THROTTLE.SET", '{"queue":"mail"}');
    await peer.received(i + 1);
    peer.say(said);
    assert.equal(await answer, reply);
  }
});

test("invalid and reserved commands are refused and not sent", async () => {
  const { producer } = await scripted();
  const send = producer.command.bind(producer) as (...args: unknown[]) => Promise<unknown>;
  const wrong: unknown[][] = [
    ...[["", ""], ["A B", ""], ["A\nB", ""], [7, ""], [undefined], ["A", "x\ny"], ["A", "x\r"]],
    ...[["A", { a: 1 }], ["A", "", { resend: "always" }], ["HELLO"], ["END"], ["FETCH", "q"]],
  ];
  for (const args of wrong) {
    await assert.rejects(send(...args), {
      name: "InvalidArgumentError",
      code: "INVALID_ARGUMENT",
    });
  }
});
