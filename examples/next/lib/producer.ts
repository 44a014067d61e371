/** One producer for all requests, connected by the first one. */

import { Producer } from "@faktory-ts/faktory";
import { jobs } from "./jobs.ts";

type JobProducer = Producer<typeof jobs>;

// `next dev` loads this module again after each change: `globalThis` keeps the producer.
const held = globalThis as { producer?: Promise<JobProducer> | undefined };

export function connect(): Promise<JobProducer> {
  return held.producer ??= Producer.connect({ jobs }).catch((error) => {
    held.producer = undefined; // The next request tries again.
    throw error;
  });
}
