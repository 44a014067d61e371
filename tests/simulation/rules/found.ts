/**
 * The rules that are in no table: the code that finds a violation reports it. They have no excuses
 * of their own, apart from those of batches and of the outbox, whose judges know them.
 */
export const FOUND = [
  // Programs.
  "no id is made twice",
  "no listener throws",
  "close waits for calls",
  "every call settles",
  "a stop ends in time", // Of a program with an outbox: the other programs have a table.
  "a stop does not fail",
  "a stop lists the jobs that still run",
  "a stopped program leaves no timer",
  // The server.
  "a log can be read if no sync lied",
  "a saved pause survives",
  "a paused queue hands out nothing",
  "only a connected worker gets a job",
  "no job runs before its time",
  "a job expires at its time",
  "an expired job is not handed out",
  "only expired jobs are dropped",
  "a failed job moves to the right set",
  "an admin's requeued job is on its queue",
  // Unique jobs: see `UniqueLocks`.
  "a job is refused while an equal job has the lock",
  "a unique job is refused only if an equal job has the lock",
  // Schedules and workflows.
  "a schedule fires",
  "the job after a join runs after it",
  "a join passes on the result of each part",
  // Batches: see `BatchesOfWorld`.
  "a batch calls nobody before its commit",
  "a callback comes once",
  'a batch calls "success" after "complete"',
  'a batch calls "complete" when its jobs have ended',
  'a batch calls "success" when its jobs have ended',
  'a batch calls "complete" in the end',
  'a batch calls "success" in the end',
  "a batch waits for the batch inside it",
  // The outbox: see `OutboxRules`.
  "insert returns the ids of its jobs",
  "the outbox makes no id twice",
  "a job of the outbox is pushed after its commit",
  "a job that was rolled back is not pushed",
  "a relay pushes what it has claimed",
  "one relay keeps the order of the rows",
  "a job keeps its time",
  "a scheduled job that is pushed twice is one job",
  "a job of the outbox is pushed twice only for a reason",
  "a refused job is not pushed",
  "only a refused job gets an error",
  "a row is deleted after the server has its job",
  "a relay fails only because of a fault",
  "a relay reports each refused job",
  "a relay that has stopped writes nothing",
  "every program with an outbox ends",
  "no row stays in the outbox",
  "a committed job of the outbox reaches the server",
  "jobs are inserted in their order",
  "a relay counts its jobs",
  "a relay releases what it could not push",
  "a relay extends its claims",
  "a relay pushes a committed job soon",
  // The outbox at the calm end: see `CalmOutbox`.
  "a relay drains the outbox",
  "a relay repeats a failed statement",
  "a relay pushes again what was not sent",
  "a relay goes on after a pause of the server",
  "a relay goes on after a transaction of its program",
  "a relay takes over the rows of a dead one",
  "a relay takes over the rows of one that has stopped",
  // The calm end of a world: see `CalmPhase`.
  "a client notices a silent server",
  "no clock of deadlines is set back",
  "a pause is no secret to deadlines",
] as const;
