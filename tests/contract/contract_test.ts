import { after, before, describe } from "node:test";
import { consumerContract } from "./consumer.ts";
import { outcomesContract } from "./outcomes.ts";
import { producerContract } from "./producer.ts";
import { subjects } from "./subject.ts";
import { wireContract } from "./wire.ts";

for (const subject of subjects()) {
  describe(`wire of ${subject.name}`, () => {
    before(() => subject.start());
    after(() => subject.stop());
    wireContract(subject);
  });
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
  describe(`outcomes on ${subject.name}`, () => {
    before(() => subject.start());
    after(() => subject.stop());
    outcomesContract(subject);
  });
}
