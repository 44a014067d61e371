import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import {
  RUNNING_VARIABLE,
  RunningJobsFile,
  RunningJobsFolder,
} from "../../src/signals/running_jobs.ts";

const NOW = 1_000_000;

/** Creates a folder that the consumers of this process find. */
function withFolder(use: (folder: RunningJobsFolder, open: () => RunningJobsFile) => void): void {
  const folder = RunningJobsFolder.open();
  assert(folder !== undefined);
  process.env[RUNNING_VARIABLE] = folder.path;
  try {
    use(folder, () => {
      const file = RunningJobsFile.open();
      assert(file !== undefined);
      return file;
    });
  } finally {
    delete process.env[RUNNING_VARIABLE];
    folder.close();
    assert.throws(() => readdirSync(folder.path));
  }
}

const job = (jid: string) => ({ jid, type: "resize", queue: "images" });

/** Returns the ids of the jobs that this process would leave behind. */
const jids = (folder: RunningJobsFolder) =>
  folder.take(process.pid, NOW).map(({ jid }) => jid).sort();

test("running jobs remain after the process, ended ones do not", () => {
  withFolder((folder, open) => {
    const file = open();
    for (const [slot, jid] of ["job-one-", "job-two-with-a-longer-id", "job-three"].entries()) {
      file.add(slot, job(jid), NOW + 1);
    }
    file.remove(1);
    // A shorter record leaves the end of the longer one in its slot.
    file.remove(2);
    file.add(2, { ...job("job-four"), type: "t" }, NOW + 1);
    file.add(7, { jid: "jöb-日本語-\n", type: "größe 🎈", queue: "q" }, NOW + 1);
    const all = folder.take(process.pid, NOW);
    assert.deepEqual(all.map(({ jid }) => jid).sort(), ["job-four", "job-one-", "jöb-日本語-\n"]);
    assert.deepEqual(all[0], job("job-one-"));
    assert.equal(all.at(-1)!.type, "größe 🎈");
    // They are returned once.
    assert.deepEqual(jids(folder), []);
    file.close();
  });
});

test("a job whose reservation has expired may belong to another worker", () => {
  withFolder((folder, open) => {
    const file = open();
    file.add(0, job("job-late"), NOW);
    file.add(1, job("job-here"), NOW + 1);
    assert.deepEqual(jids(folder), ["job-here"]);
    file.close();
  });
});

test("long names are left out, and so is a job with a very long id", () => {
  withFolder((folder, open) => {
    const file = open();
    file.add(0, { ...job("job-here"), type: "t".repeat(600) }, NOW + 1);
    file.add(1, job("j".repeat(600)), NOW + 1);
    file.add(2, job("ü".repeat(255)), NOW + 1);
    assert.deepEqual(folder.take(process.pid, NOW), [{ jid: "job-here", type: "", queue: "" }]);
    file.close();
  });
});

test("each consumer of a process has its own file, and removes it", () => {
  withFolder((folder, open) => {
    const [one, two] = [open(), open()];
    one.add(0, job("job-one-"), NOW + 1);
    two.add(0, job("job-two-"), NOW + 1);
    assert.equal(readdirSync(folder.path).length, 2);
    assert.deepEqual(folder.take(process.pid + 1, NOW), []);
    assert.deepEqual(jids(folder), ["job-one-", "job-two-"]);
    one.close();
    two.close();
    open().close();
    assert.deepEqual(readdirSync(folder.path), []);
  });
});

test("nothing is stored without a supervisor that requests it, or without its folder", () => {
  assert.equal(RunningJobsFile.open(), undefined);
  process.env[RUNNING_VARIABLE] = "/nowhere/at/all";
  assert.equal(RunningJobsFile.open(), undefined);
  withFolder((folder, open) => {
    const file = open();
    folder.close();
    file.add(0, job("job-one-"), NOW + 1);
    file.remove(0);
    file.close();
    assert.deepEqual(jids(folder), []);
  });
});
