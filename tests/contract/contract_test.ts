import { after, before, describe } from "node:test";
import { consumerContract } from "./consumer.ts";
import { jsonContract } from "./json.ts";
import { lifeContract } from "./life.ts";
import { producerContract } from "./producer.ts";
import { queuesContract } from "./queues.ts";
import { type Subject, subjects } from "./subject.ts";
import { wireContract } from "./wire.ts";

const suites: Readonly<Record<string, (subject: Subject) => void>> = {
  wire: wireContract,
  json: jsonContract,
  life: lifeContract,
  producer: producerContract,
  consumer: consumerContract,
  "queues and limits": queuesContract,
};

for (const subject of subjects()) {
  for (const [name, suite] of Object.entries(suites)) {
    describe(`${name} on ${subject.name}`, () => {
      before(() => subject.start());
      after(() => subject.stop());
      suite(subject);
    });
  }
}
