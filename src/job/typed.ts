import type { JobDefinition, JobDefinitions } from "./catalogue.ts";
import type { Job, JobFields, JobOptions } from "./job.ts";

/** The arguments of a type of job, as a producer gives them. */
export type JobArgs<Jobs extends JobDefinitions, Type extends keyof Jobs & string> =
  Jobs[Type] extends JobDefinition<infer Input, readonly unknown[]> ? Readonly<Input> : never;

/**
 * The arguments of a type of job, as its handler gets them: what the schema makes of them, if there
 * is one.
 */
export type HandlerArgs<Jobs extends JobDefinitions, Type extends keyof Jobs & string> =
  Jobs[Type] extends JobDefinition<readonly unknown[], infer Output> ? Output : never;

/**
 * What a handler is registered by: the name of its type in the catalogue; without one, whose names
 * are any text, the types of its arguments.
 */
export type HandlerKey<Jobs extends JobDefinitions> = string extends keyof Jobs
  ? readonly unknown[] | []
  : keyof Jobs & string;

/** A job of a catalogue, wherever a producer takes one; any job without a catalogue. */
// No conditional type on the whole catalogue: a producer with one could not stand in for a producer
// without.
export type TypedJob<Jobs extends JobDefinitions> = {
  [Type in keyof Jobs & string]: JobOf<JobArgs<Jobs, Type>, Type>;
}[keyof Jobs & string];

/**
 * A job of this type and with these arguments, which may be left out only where there may be none.
 */
export type JobOf<Args extends readonly unknown[], Type extends string> =
  | Job<Args, Type>
  | (JobFields<Args, Type> & ([] extends Args ? unknown : { readonly args: Args }));

/**
 * What follows a job's type: its arguments, which may be left out only where there may be none, and
 * then `More`.
 */
export type ArgsRest<Args extends readonly unknown[], More extends readonly unknown[] = []> =
  [] extends Args ? [args?: Args, ...more: More] : [args: Args, ...more: More];

/**
 * What `enqueue` takes first: a job's type, or a job. `Given` is what it is given.
 *
 * One signature for both, as TypeScript blames the whole call, and not the wrong argument, where
 * there are several.
 */
export type TypeOrJob<Jobs extends JobDefinitions, Given> = Given extends keyof Jobs & string
  ? Given
  : Given extends string ? keyof Jobs & string
  : TypedJob<Jobs>;

/**
 * What `enqueue` takes next: the arguments and options of a job of this type, or the options of the
 * call.
 */
export type EnqueueRest<Jobs extends JobDefinitions, Given, PerCall> = [Given] extends [never]
  ? unknown[]
  : Given extends keyof Jobs & string
    ? ArgsRest<JobArgs<Jobs, Given>, [options?: JobOptions & PerCall]>
  : [options?: PerCall];
