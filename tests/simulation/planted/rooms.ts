import { connectionFaults } from "./connection.ts";
import { consumerFaults } from "./consumer.ts";
import { enterpriseFaults } from "./enterprise.ts";
import type { PlantedFault, PlantedRoom } from "./fault.ts";
import { killFaults } from "./kills.ts";
import { outboxFaults } from "./outbox.ts";
import { producerFaults } from "./producer.ts";
import { serverFaults } from "./server.ts";
import { storeFaults } from "./store.ts";
import { workflowFaults } from "./workflow.ts";

/** All planted faults. */
export const plantedRooms: readonly PlantedRoom[] = [
  { room: "connection", faults: connectionFaults },
  { room: "producer", faults: producerFaults },
  { room: "consumer", faults: consumerFaults },
  { room: "server", faults: serverFaults },
  { room: "store", faults: storeFaults },
  { room: "enterprise", faults: enterpriseFaults },
  { room: "workflow", faults: workflowFaults },
  { room: "outbox", faults: outboxFaults },
  { room: "kills", faults: killFaults },
];

/**
 * Puts a fault into the text of its file.
 *
 * @throws {Error} if the code that it changes is not there once.
 */
export function plant(source: string, { name, file, find, replace }: PlantedFault): string {
  const [before, after, ...more] = source.split(find);
  if (after === undefined || more.length > 0) {
    const count = after === undefined ? "not" : `${more.length + 1} times`;
    throw new Error(`"${name}" does not fit as its code is ${count} in ${file}: ${find}`);
  }
  return before + replace + after;
}
