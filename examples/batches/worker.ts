/** Runs the jobs of the pipeline. */

import { Consumer } from "@faktory-ts/faktory";
import { jobs } from "./jobs.ts";

const consumer = new Consumer({ jobs, handleSignals: true });

consumer.register("thumbnail", ({ args: [album, picture] }) => {
  console.log(`thumbnail of ${album}/${picture}`);
});
consumer.register("contactSheet", ({ args: [album] }) => console.log(`contact sheet of ${album}`));

// The callback of one stage starts the next one.
consumer.register("uploadAll", async ({ args: [albums] }, { producer }) => {
  console.log("stage 2");
  await producer.batches.open({
    description: "uploads",
    complete: { type: "look", args: ["uploads"] },
    success: { type: "announce", args: [`${albums.length} albums are there`] },
  }, async (batch) => {
    await batch.enqueueMany(albums.map((album) => ({ type: "upload", args: [album] })));
  });
});
consumer.register("upload", ({ args: [album] }) => console.log(`upload of ${album}`));

// Every upload has run once. The failed ones are retried, and `success` waits for them.
consumer.register("look", async ({ args: [stage], custom }, { producer }) => {
  const { total, failed } = await producer.batches.status(custom!["_bid"] as string);
  console.log(`${stage}: ${failed} of ${total} failed at first`);
});
consumer.register("announce", ({ args: [text] }) => console.log(text));
consumer.on("fail", ({ job, error }) => console.error(job.jid, error));

await consumer.run();
