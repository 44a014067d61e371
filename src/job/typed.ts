import type { JobDefinition, JobDefinitions } from "./catalogue.ts";
import type { Job, JobFields, JobOptions } from "./job.ts";

/** The arguments of a job type, as a producer passes them. */
export type JobArgs<Jobs extends JobDefinitions, Type extends keyof Jobs & string> =
  Jobs[Type] extends JobDefinition<infer Input, readonly unknown[]> ? Readonly<Input> : never;

/**
 * The arguments of a job type, as its handler gets them: the output of the schema, if there is one.
 */
export type HandlerArgs<Jobs extends JobDefinitions, Type extends keyof Jobs & string> =
  Jobs[Type] extends JobDefinition<readonly unknown[], infer Output> ? Output : never;

/**
 * The type parameter of a handler's registration. With a catalogue, it is the name of a job type in
 * the catalogue; without one, it is the types of the arguments.
 */
export type HandlerKey<Jobs extends JobDefinitions> = string extends keyof Jobs
  ? readonly unknown[] | []
  : keyof Jobs & string;

/** A job of the catalogue, as a producer accepts it. Without a catalogue, any job. */
// Not a conditional type on the whole catalogue: otherwise a producer with a catalogue could not be
// assigned to the type of a producer without one.
export type TypedJob<Jobs extends JobDefinitions> = {
  [Type in keyof Jobs & string]: JobOf<JobArgs<Jobs, Type>, Type>;
}[keyof Jobs & string];

/**
 * A job with this type and these arguments. `args` may be omitted only if the tuple may be empty.
 */
export type JobOf<Args extends readonly unknown[], Type extends string> =
  | Job<Args, Type>
  | (JobFields<Args, Type> & ([] extends Args ? unknown : { readonly args: Args }));

/**
 * The parameters after a job's type: its arguments, which may be omitted only if the tuple may be
 * empty, and then `More`.
 */
export type ArgsRest<Args extends readonly unknown[], More extends readonly unknown[] = []> =
  [] extends Args ? [args?: Args, ...more: More] : [args: Args, ...more: More];

/**
 * The first parameter of `enqueue`: a job's type, or a job. `Given` is the type of the argument.
 *
 * There is one signature for both. With overloads, TypeScript reports an error for the whole call
 * instead of the wrong argument.
 */
export type TypeOrJob<Jobs extends JobDefinitions, Given> = Given extends keyof Jobs & string
  ? Given
  : Given extends string ? keyof Jobs & string
  : TypedJob<Jobs>;

/**
 * The parameters of `enqueue` after the first: the arguments and options of a job of this type, or
 * the options of the call.
 */
export type EnqueueRest<Jobs extends JobDefinitions, Given, PerCall> = [Given] extends [never]
  ? unknown[]
  : Given extends keyof Jobs & string
    ? ArgsRest<JobArgs<Jobs, Given>, [options?: JobOptions & PerCall]>
  : [options?: PerCall];
