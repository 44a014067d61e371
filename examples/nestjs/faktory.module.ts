/** A module that gives the application one producer, and closes it at the end. */

import { Producer } from "@faktory-ts/faktory";
import { Global, Inject, Module, type OnApplicationShutdown } from "@nestjs/common";
import { jobs } from "./jobs.ts";

/** Injects the producer: `@Inject(PRODUCER) producer: JobProducer`. */
export const PRODUCER = Symbol("Faktory producer");
export type JobProducer = Producer<typeof jobs>;

@Global()
@Module({
  providers: [{ provide: PRODUCER, useFactory: () => Producer.connect({ jobs }) }],
  exports: [PRODUCER],
})
export class FaktoryModule implements OnApplicationShutdown {
  constructor(@Inject(PRODUCER) private readonly producer: JobProducer) {}

  async onApplicationShutdown(): Promise<void> {
    await this.producer.close();
  }
}
