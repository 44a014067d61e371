/** The web application: `POST /welcome` enqueues a job. */

import "reflect-metadata";
import process from "node:process";
import { type BeforeApplicationShutdown, Inject, Module } from "@nestjs/common";
import { HttpAdapterHost, NestFactory } from "@nestjs/core";
import { FaktoryModule } from "./faktory.module.ts";
import { WelcomeController } from "./welcome.controller.ts";

@Module({ imports: [FaktoryModule], controllers: [WelcomeController] })
class AppModule implements BeforeApplicationShutdown {
  constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

  /** Browsers keep connections open without a request: the stop does not wait for these. */
  beforeApplicationShutdown(): void {
    const server = this.host.httpAdapter.getHttpServer();
    setTimeout(() => server.closeAllConnections(), 2000).unref();
  }
}

const app = await NestFactory.create(AppModule, { logger: ["error", "warn"] });
app.enableShutdownHooks(); // TERM and INT call onApplicationShutdown
await app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1");
console.log(await app.getUrl());
