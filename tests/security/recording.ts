import type { Transport } from "../../src/transport/transport.ts";

/** A transport that keeps every sent line, as a server separates them: at LF. */
export class RecordingTransport implements Transport {
  readonly name = "recording";
  readonly lines: string[] = [];
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  connect: Transport["connect"] = async (target, options) => {
    const connection = await this.#inner.connect(target, options);
    const writer = connection.writable.getWriter();
    const decoder = new TextDecoder();
    let rest = "";
    const writable = new WritableStream<Uint8Array>({
      write: async (chunk) => {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop()!;
        this.lines.push(...lines);
        await writer.write(chunk);
      },
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    });
    return {
      readable: connection.readable,
      writable,
      closed: connection.closed,
      close: (reason) => connection.close(reason),
    };
  };

  /**
   * Returns the verbs of the lines since the last call, with the number of their arguments unless
   * JSON follows. Each line must end in CR and contain no other.
   */
  take(): string[] {
    return this.lines.splice(0).map((line) => {
      if (line.indexOf("\r") !== line.length - 1) throw new Error(`not one line: ${line}`);
      const verb = /^(?:(?:QUEUE|BATCH|TRACK) )?[A-Z]+/.exec(line)?.[0] ?? line;
      const rest = line.slice(verb.length).trimEnd();
      return rest === "" || /^ [{[]/.test(rest) ? verb : `${verb} ${rest.split(" ").length - 1}`;
    });
  }
}
