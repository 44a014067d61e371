/** The jobs of the pipeline. */

import { defineJobs, job } from "@faktory-ts/faktory";

export const jobs = defineJobs({
  // Stage 1, a batch for each album within the batch of all: its pictures, then its contact sheet.
  thumbnail: job<[album: string, picture: string]>(),
  contactSheet: job<[album: string]>(),
  // Stage 2, once every contact sheet is there: all is uploaded.
  uploadAll: job<[albums: string[]]>(),
  upload: job<[album: string]>(),
  // The end.
  announce: job<[text: string]>(),
  // Where not everything went well at the first try.
  look: job<[stage: string]>(),
});
