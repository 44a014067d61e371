import type { JobDefinition, JobDefinitions } from "./catalogue.ts";
import type { Job, JobFields } from "./job.ts";

/** The arguments of a type of job, as a producer gives them. */
export type JobArgs<Jobs extends JobDefinitions, Type extends keyof Jobs & string> =
  Jobs[Type] extends JobDefinition<infer Input, readonly unknown[]> ? Readonly<Input> : never;

/** The arguments of a type of job, as its handler gets them: what the schema makes of them, if there is one. */
export type HandlerArgs<Jobs extends JobDefinitions, Type extends keyof Jobs & string> =
  Jobs[Type] extends JobDefinition<readonly unknown[], infer Output> ? Output : never;

/**
 * What a handler is registered by: the name of its type in the catalogue; without one, whose names are any text, the types
 * of its arguments.
 */
export type HandlerKey<Jobs extends JobDefinitions> = string extends keyof Jobs
  ? readonly unknown[] | []
  : keyof Jobs & string;

/** A job of a catalogue, wherever a producer takes one; any job without a catalogue. */
// No conditional type on the whole catalogue: a producer with one could not stand in for a producer without.
export type TypedJob<Jobs extends JobDefinitions> = {
  [Type in keyof Jobs & string]: JobOf<JobArgs<Jobs, Type>, Type>;
}[keyof Jobs & string];

/** A job of this type and with these arguments, which may be left out only where there may be none. */
export type JobOf<Args extends readonly unknown[], Type extends string> =
  | Job<Args, Type>
  | (JobFields<Args, Type> & ([] extends Args ? unknown : { readonly args: Args }));

/** What follows a job's type: its arguments, which may be left out only where there may be none, and then `More`. */
export type ArgsRest<Args extends readonly unknown[], More extends readonly unknown[] = []> =
  [] extends Args ? [args?: Args, ...more: More] : [args: Args, ...more: More];
