/** Starts the pipeline, and prints the id of its first stage. */

import { Producer } from "@faktory-ts/faktory";
import { jobs } from "./jobs.ts";

const albums: Record<string, string[]> = {
  cats: ["tom.png", "kit.png", "leo.png"],
  dogs: ["rex.png", "bob.png"],
};

await using producer = await Producer.connect({ jobs });
const stage = await producer.batches.open({
  description: "contact sheets of all albums",
  // Runs when the callbacks of the inner batches are done: the contact sheets.
  success: { type: "uploadAll", args: [Object.keys(albums)] },
}, async ({ bid: parentBid }) => {
  for (const [album, pictures] of Object.entries(albums)) {
    await producer.batches.open({
      parentBid,
      description: `thumbnails of ${album}`,
      success: { type: "contactSheet", args: [album] },
    }, async (batch) => {
      await batch.enqueueMany(
        pictures.map((picture) => ({ type: "thumbnail", args: [album, picture] })),
      );
    });
  }
});
console.log(stage);
