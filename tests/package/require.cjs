// Loads each entry given as an argument with `require()`, runs a job, and prints, as JSON, the
// exports and whether `import()` returns the same classes.

const assert = require("node:assert/strict");

async function main(names) {
  await import("./version.mjs");
  const { namesOf } = await import("./names.mjs");
  const entries = Object.fromEntries(names.map((name) => [name, require(name)]));
  const { Consumer, Producer } = require("@faktory-ts/faktory");
  const { FaktoryServer } = require("@faktory-ts/faktory/server");

  const server = await FaktoryServer.start({ port: 0, password: "hush" });
  const options = { url: server.url, password: "hush" };
  const producer = await Producer.connect(options);
  const jid = await producer.enqueue("greet", ["world"]);
  const ran = [];
  const consumer = new Consumer(options);
  consumer.register("greet", (job) => void ran.push([job.jid, ...job.args]));
  assert.equal(await consumer.runOne(), true);
  assert.deepEqual(ran, [[jid, "world"]]);
  await producer.close();
  await server.close();

  const imported = await import("@faktory-ts/faktory");
  if (imported.Producer !== Producer) await checkCopies();
  const exported = Object.fromEntries(
    Object.entries(entries).map(([name, module]) => [name, namesOf(module)]),
  );
  console.log(JSON.stringify({ isShared: imported.Producer === Producer, exported }));
}

/** Checks the two copies of the package in this process. */
async function checkCopies() {
  const { checkClasses, checkWork } = await import("./copies.mjs");
  const one = {
    ...await import("@faktory-ts/faktory"),
    ...await import("@faktory-ts/faktory/testing"),
  };
  const other = { ...require("@faktory-ts/faktory"), ...require("@faktory-ts/faktory/testing") };
  checkClasses(one, other);
  checkClasses(other, one);
  await checkWork(one, other);
  await checkWork(other, one);
}

void main(process.argv.slice(2));
