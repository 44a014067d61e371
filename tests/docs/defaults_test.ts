import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { readDefaults, valuesIn } from "./option_defaults.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const modules = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  // The command passes its own defaults to the same options.
  .filter((path) => path.endsWith(".ts") && !/^cli\b/.test(path))
  .map((path) => join(root, "src", path));
const options = new Map(readDefaults(modules).map((option) => [option.name, option]));

/**
 * The interfaces of the options in each table, by the page and the table's number, or by the cell
 * before the option.
 */
const INTERFACES: Readonly<Record<string, readonly string[]>> = {
  "options 0": ["ConnectionOptions", "ReconnectOptions", "ProducerOptions"],
  "options 1": ["ProducerOptions"],
  "options 2": ["ConsumerOptions"],
  "options 3": ["HandlerOptions", "Limit", "FailurePolicy"],
  "options 6": ["ServerOptions"],
  "options 7": ["JobQuery", "QueueQuery", "FindJobOptions"],
  "server 0": ["FaktoryServerOptions", "ServerOptions"],
  "dashboard 0": ["DashboardOptions"],
  "enqueue 0": ["JobOptions"],
  "recurring 0": ["ScheduleEntry"],
  "tls 0": ["TlsOptions"],
  "registerMany(type, options, handler)": ["ManyOptions"],
  "resumable(handler, options)": ["ResumableOptions"],
  "isolated(module, options)": ["IsolatedOptions"],
  "every call of a producer": ["CallOptions"],
  "producer.close": ["CloseOptions"],
  "producer.writable": ["WritableOptions"],
  "producer.command": ["CommandOptions"],
  "producer.batches.open": ["BatchDefinition"],
  "producer.cancel": ["CancelOptions"],
  "consumer.run": ["RunOptions"],
  "consumer.stop": ["StopOptions"],
  "schedule.next(name, options)": ["NextOptions"],
  "new Schedule(entries, options)": ["ScheduleOptions"],
  "workflows.start": ["WorkflowOptions"],
  "new Outbox(options)": ["OutboxOptions"],
  "outbox.relay(db, producer, options)": ["RelayOptions"],
  "relay.stop": ["StopRelayOptions"],
  "new Supervisor(module, options)": ["SupervisorOptions", "RestartBackoff"],
  "healthHandler(consumer, options)": ["HealthHandlerOptions", "ConsumerMetricsOptions"],
  "serverMetrics(producer, options)": ["ServerMetricsOptions"],
  "observeServer(producer, options)": ["ObserveServerOptions"],
  "openTelemetry(options)": ["OpenTelemetryOptions"],
  "dashboard(source, options)": ["DashboardOptions"],
  "linesToJobs(options)": ["LinesToJobsOptions"],
  "runJob(handler, job, options)": ["RunJobOptions"],
  "faktory.inline(consumer, options)": ["InlineOptions"],
  "faktory.drain(consumer, options)": ["DrainOptions"],
};

/** A row of a table with options. */
interface Row {
  readonly interfaces: readonly string[];
  readonly names: readonly string[];
  /** The cell with the default. */
  readonly shown: string;
}

/** Reads the tables of options on a page. */
function rowsOf(page: string): Row[] {
  const text = readFileSync(join(root, `docs/${page}.md`), "utf8");
  const tables = text.matchAll(/^\|(.*\| default +)\|\n\|[-| ]+\n((?:\|.*\n)+)/gm);
  return [...tables].flatMap(([, head, body], number) => {
    const before = head!.split("|").findIndex((cell) => /^ (?:option|property|`tls`) /.test(cell));
    let owner = `${page} ${number}`;
    return body!.trimEnd().split("\n").map((line) => {
      const cells = line.split("|").slice(1, -1).map((cell) => cell.trim());
      const first = cells[0]!;
      if (before === 1 && /^[`e]/.test(first)) {
        owner = /`([^`]*)`/.exec(first)?.[1] ?? first;
      }
      return {
        interfaces: INTERFACES[owner] ?? assert.fail(`${owner} is not in this test`),
        names: Array.from(cells[before]!.matchAll(/`(?:\w+\.)?(\w+)`/g), ([, name]) => name!),
        shown: cells.at(-1)!,
      };
    });
  });
}

describe("the default of an option", () => {
  it("is in its doc comment", () => {
    const documented = new Set(Object.values(INTERFACES).flat());
    const silent = [...options.values()].filter(({ name, told }) =>
      told === undefined && documented.has(name.split(".")[0]!)
    );
    assert.deepEqual(silent.map(({ name }) => name), []);
  });

  it("is the one in the code", () => {
    const known = [...options.values()].filter(({ told = "", used }) =>
      used.length > 0 && valuesIn(told).length > 0
    );
    assert.ok(known.length > 70, String(known.length));
    const wrong = known.filter(({ told, used }) =>
      used.some((value) => !valuesIn(told!).includes(value))
    );
    assert.deepEqual(wrong, []);
  });

  for (const page of ["options", "server", "dashboard", "enqueue", "recurring", "tls"]) {
    it(`is the one in docs/${page}.md`, () => {
      const rows = rowsOf(page);
      assert.ok(rows.length > 3);
      const wrong = rows.flatMap(({ interfaces, names, shown }) => {
        const all = names.flatMap((name) =>
          interfaces.map((one) => options.get(`${one}.${name}`)).filter((one) => one !== undefined)
        );
        const values = new Set(all.flatMap((one) => valuesIn(one.told ?? "")));
        const isSame = valuesIn(shown).join() === [...values].join();
        return isSame ? [] : [{ option: names.join(), page: shown, code: all }];
      });
      assert.deepEqual(wrong, []);
    });
  }
});
