/** A worker with a long job, which continues where it stopped after a restart of the worker. */

import { Consumer, resumable } from "@faktory-ts/faktory";

const consumer = new Consumer({ handleSignals: true });

consumer.register(
  "export",
  resumable<[pages: number], number>(async function* ({ args: [pages] }, { cursor = 1 }) {
    for (let page = cursor; page <= pages; page++) {
      await new Promise((resolve) => setTimeout(resolve, 100)); // the work
      console.log(`page ${page} of ${pages}`);
      yield page + 1; // from here on, this page is done
    }
    console.log("all pages are done");
  }),
);
consumer.on("snooze", ({ outcome }) => console.log(outcome.message));

console.log("the worker waits for jobs");
const { reason } = await consumer.run();
console.log(`the worker has stopped (${reason})`);
