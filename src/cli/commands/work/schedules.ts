import { Producer, type ProducerOptions } from "../../../../mod.ts";
import { CliError } from "../../failure.ts";
import { Status } from "../../status.ts";
import type { WorkModule } from "./exports.ts";
import type { WorkLog } from "./log.ts";

/**
 * Runs the schedules of modules. Returns a function that stops them.
 *
 * @throws {CliError} if two have the same name: each would remove the other's jobs.
 */
export async function runSchedules(
  modules: readonly WorkModule[],
  { options, log }: { readonly options: ProducerOptions; readonly log: WorkLog },
): Promise<() => Promise<void>> {
  const schedules = modules.flatMap(({ schedule }) => schedule === undefined ? [] : [schedule]);
  if (schedules.length === 0) return async () => {};
  const names = schedules.map(({ name }) => name);
  if (new Set(names).size < names.length) {
    throw new CliError(
      Status.data,
      `Cannot use several schedules with the same name: ${names.join(", ")}`,
      "set the option name of each",
    );
  }
  const producer = await Producer.connect(options);
  const runs = schedules.map((schedule) => {
    const { name, entries } = schedule;
    const failed = (error: unknown) => {
      const { code, message } = Object(error) as { code?: unknown; message?: unknown };
      log.warn("schedule", { schedule: name, code, message }, `Schedule ${name}: ${message}`);
    };
    schedule.on("error", ({ error }) => failed(error));
    const text = `Runs the schedule ${name}: ${entries.join(", ")}`;
    log.log("schedule", { schedule: name, entries }, text);
    return schedule.run(producer).catch(failed);
  });
  return async () => {
    for (const schedule of schedules) await schedule.stop();
    await Promise.all(runs);
    await producer.close();
  };
}
