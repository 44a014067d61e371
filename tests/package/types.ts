/** A program that uses the package's types; checked by `tsc` against the installed package, never run. */

import {
  FaktoryError,
  type InvalidJobError,
  Job,
  type JobInput,
  type Transport,
} from "@faktory-ts/faktory";

export const made: Job = new Job("resize", ["cat.png", 320], { queue: "images", retry: 5 });
export const plain: JobInput = { type: "resize", args: ["cat.png", 320], queue: "images" };
export const code = (error: unknown): string | undefined =>
  error instanceof FaktoryError ? error.code : undefined;
export const path = (error: InvalidJobError): string => error.path;

// @ts-expect-error A type that were not found would be `any`, and this no fault.
export const wrong: Transport = { name: 1 };
// @ts-expect-error The same for a class.
export const broken: Job = new Job(1, []);
