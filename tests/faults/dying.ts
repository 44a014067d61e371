import type { TransportConnection } from "../../mod.ts";
import { deferred } from "../../src/internal/deferred.ts";
import { CuttableTransport } from "./cuttable.ts";

/** A worker that dies before it sends one of the commands that end a run. */
export class DyingTransport extends CuttableTransport {
  readonly died = deferred();
  #left: number;

  constructor(commands: number) {
    super();
    this.#left = commands;
  }

  override async connect(...args: Parameters<CuttableTransport["connect"]>) {
    const connection = await super.connect(...args);
    const writer = connection.writable.getWriter();
    const writable = new WritableStream<Uint8Array>({
      write: (bytes) => {
        // Commands that follow on each other's replies are never in one write.
        if (/^(PUSHB|ACK|FAIL) /m.test(new TextDecoder().decode(bytes)) && --this.#left < 0) {
          this.isDown = true;
          this.died.resolve();
          this.cut();
          throw new Error("the worker is dead");
        }
        return writer.write(bytes);
      },
    });
    const { readable, closed } = connection;
    const dying: TransportConnection = {
      ...{ readable, writable, closed },
      close: (reason) => connection.close(reason),
    };
    return dying;
  }
}
