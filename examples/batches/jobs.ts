/** The job types of the pipeline. */

import { defineJobs, job } from "@faktory-ts/faktory";

export const jobs = defineJobs({
  // Stage 1: a batch for each album, inside one batch: first the pictures, then the contact sheet.
  thumbnail: job<[album: string, picture: string]>(),
  contactSheet: job<[album: string]>(),
  // Stage 2, when all contact sheets are done: upload everything.
  uploadAll: job<[albums: string[]]>(),
  upload: job<[album: string]>(),
  // Last job.
  announce: job<[text: string]>(),
  // Runs if some uploads failed at the first attempt.
  look: job<[stage: string]>(),
});
