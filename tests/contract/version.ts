/** Prints the version of the server at the URL in its argument. */
import process from "node:process";
import { Producer } from "../../mod.ts";

Producer.connect({ url: process.argv[2] }).then(async (producer) => {
  process.stdout.write((await producer.info()).server.version);
  await producer.close();
});
