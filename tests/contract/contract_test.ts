import { after, before, describe } from "node:test";
import { consumerContract } from "./consumer.ts";
import { producerContract } from "./producer.ts";
import { subjects } from "./subject.ts";

for (const subject of subjects()) {
  describe(`producer on ${subject.name}`, () => {
    before(() => subject.start());
    after(() => subject.stop());
    producerContract(subject);
  });
  describe(`consumer on ${subject.name}`, () => {
    before(() => subject.start());
    after(() => subject.stop());
    consumerContract(subject);
  });
}
