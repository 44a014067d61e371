// Loads each entry given as argument by `require()`, runs a job with what came, and prints the names, as JSON, and whether
// `import()` gives the same classes.

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
  const exported = Object.fromEntries(
    Object.entries(entries).map(([name, module]) => [name, namesOf(module)]),
  );
  console.log(JSON.stringify({ isShared: imported.Producer === Producer, exported }));
}

void main(process.argv.slice(2));
