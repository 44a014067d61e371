import { after, before, describe } from "node:test";
import { cancelContract } from "./cancel.ts";
import { chunksContract } from "./chunks.ts";
import { consumerContract } from "./consumer.ts";
import { edgeContract } from "./edge.ts";
import { enterpriseContract } from "./enterprise.ts";
import { failuresContract } from "./failures.ts";
import { jsonContract } from "./json.ts";
import { lifeContract } from "./life.ts";
import { outcomesContract } from "./outcomes.ts";
import { producerContract } from "./producer.ts";
import { queuesContract } from "./queues.ts";
import { recurringContract } from "./recurring.ts";
import { embedded, REFERENCE, type Subject, subjects, unlessSince } from "./subject.ts";
import { resumableContract } from "./resumable.ts";
import { wireContract } from "./wire.ts";
import { workflowContract } from "./workflow.ts";

type Suite = (subject: Subject) => void;

/**
 * Behaviour that the embedded server copies from the reference server, byte for byte. Older servers
 * crash on some of it.
 */
const referenceSuites: Readonly<Record<string, Suite>> = {
  wire: wireContract,
  json: jsonContract,
  life: lifeContract,
};

/** Guarantees that clients rely on. */
const suites: Readonly<Record<string, Suite>> = {
  producer: producerContract,
  "the edge producer": edgeContract,
  consumer: consumerContract,
  outcomes: outcomesContract,
  failures: failuresContract,
  "resumable jobs": resumableContract,
  chunks: chunksContract,
  "queues and limits": queuesContract,
  workflows: workflowContract,
  "recurring jobs": recurringContract,
  cancelling: cancelContract,
};

const DAY_MS = 86_400_000;

const all = subjects();
for (const subject of all) {
  const skip = unlessSince(subject, REFERENCE);
  if (skip !== false) {
    console.log(`The suites of the reference server's replies are skipped: ${skip}`);
  }
  for (const [name, suite] of Object.entries(referenceSuites)) hold(subject, name, suite, skip);
  for (const [name, suite] of Object.entries(suites)) hold(subject, name, suite);
}
for (const subject of [embedded("the embedded server", "enterprise"), ...all.slice(1)]) {
  const skip = subject.edition === "free" &&
    "FAKTORY_TEST_EDITION does not say that it is Faktory Enterprise";
  hold(subject, "Enterprise", enterpriseContract, skip);
  hold(subject, "the edge producer", edgeContract, skip);
  hold(subject, "workflows", workflowContract, skip);
}

/**
 * Suites that depend on time. On a server whose clock differs from the client's, they detect a
 * client that uses its own clock for the server's times. `wire` and `json` do not depend on the
 * clock.
 */
const timed: Readonly<Record<string, Suite>> = {
  producer: producerContract,
  consumer: consumerContract,
  outcomes: outcomesContract,
  failures: failuresContract,
  "queues and limits": queuesContract,
  "recurring jobs": recurringContract,
  life: lifeContract,
};

for (const [name, aheadMs] of [["a day ahead", DAY_MS], ["a day behind", -DAY_MS]] as const) {
  for (const [suiteName, suite] of Object.entries(timed)) {
    hold(embedded(`the embedded server, ${name}`, "free", aheadMs), suiteName, suite);
  }
  const enterprise = embedded(`the embedded server, ${name}`, "enterprise", aheadMs);
  hold(enterprise, "Enterprise", enterpriseContract);
}

function hold(
  subject: Subject,
  name: string,
  suite: Suite,
  skip: string | false = false,
): void {
  describe(`${name} on ${subject.name}`, { skip }, () => {
    before(() => subject.start());
    after(() => subject.stop());
    suite(subject);
  });
}
