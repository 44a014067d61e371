import { BadRequestException, Body, Controller, HttpCode, Inject, Post } from "@nestjs/common";
import { type JobProducer, PRODUCER } from "./faktory.module.ts";

@Controller("welcome")
export class WelcomeController {
  constructor(@Inject(PRODUCER) private readonly producer: JobProducer) {}

  @Post()
  @HttpCode(202)
  async welcome(@Body("name") name: unknown): Promise<{ jid: string }> {
    if (typeof name !== "string") throw new BadRequestException('send {"name": "Ada"}');
    return { jid: await this.producer.enqueue("welcome", [name]) };
  }
}
