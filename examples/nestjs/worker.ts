/** The worker: a program of its own, with the application's services and without a web server. */

import "reflect-metadata";
import { Consumer } from "@faktory-ts/faktory";
import { Injectable, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { jobs } from "./jobs.ts";

@Injectable()
class MailService {
  welcome(name: string): void {
    console.log(`Welcome, ${name}!`);
  }
}

@Module({ providers: [MailService] })
class WorkerModule {}

const app = await NestFactory.createApplicationContext(WorkerModule, { logger: ["error", "warn"] });
const mail = app.get(MailService);

const consumer = new Consumer({ jobs, concurrency: 20, handleSignals: true });
consumer.register("welcome", ({ args: [name] }) => mail.welcome(name));
console.log("the worker waits for jobs");
const { done } = await consumer.run(); // until TERM or INT
await app.close();
console.log(`the worker has stopped: ${done} done`);
