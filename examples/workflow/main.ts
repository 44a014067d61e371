/** `main.ts WORD ..`: counts the letters of each word in parallel, adds them up, prints the sum. */

import process from "node:process";
import { Consumer, Producer } from "@faktory-ts/faktory";
import { FaktoryServer } from "@faktory-ts/faktory/server";
import { chain, join, resultsOf, Workflows } from "@faktory-ts/faktory/workflow";

const words = process.argv.slice(2);

// If you run a Faktory server, remove the server and `url`.
await using server = await FaktoryServer.start({ port: 0 });
const { url } = server;
await using producer = await Producer.connect({ url });
const workflows = new Workflows();

const consumer = new Consumer({ url, concurrency: 1 });
workflows.attach(consumer);
consumer.register("count", ({ args: [word] }) => {
  console.log(`${word} has ${word.length} letters`);
  return word.length;
});
consumer.register("add", (job) => {
  const lengths = resultsOf(job) as number[];
  console.log(`adding ${lengths.join(", ")}`);
  return lengths.reduce((sum, length) => sum + length, 0);
});
const printed = new Promise<void>((resolve) => {
  consumer.register("print", (job) => {
    console.log(`${resultsOf(job)[0]} letters in all`);
    resolve();
  });
});

const running = consumer.run();
await workflows.start(
  producer,
  chain(
    join(...words.map((word) => ({ type: "count", args: [word] }))),
    { type: "add" },
    { type: "print" },
  ),
);
await printed;
await consumer.stop();
await running;
