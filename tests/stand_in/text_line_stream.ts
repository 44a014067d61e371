/**
 * What `TextLineStream` of `jsr:@std/streams` promises, for where JSR is out of reach: the same options, the same lines.
 * `tests/ndjson/text_line_stream_test.ts` holds both to it.
 *
 * @module
 */

/** Settings of a {@linkcode TextLineStream}. */
export interface TextLineStreamOptions {
  /** Whether a lone `\r` ends a line, too. @default false */
  allowCR?: boolean;
}

/** Text in any pieces to lines, without their `\n` or `\r\n`. */
export class TextLineStream extends TransformStream<string, string> {
  /** Makes a stream of lines. */
  constructor({ allowCR = false }: TextLineStreamOptions = {}) {
    // An `\r` at the end of what is there may be half of an `\r\n`.
    const ends = allowCR ? /\r\n|\n|\r(?!$)/ : /\r?\n/;
    const pieces: string[] = [];
    super({
      transform(text, controller) {
        pieces.push(text);
        // A long line in many pieces is looked through once.
        if (!/[\n\r]/.test(text) && !pieces.at(-2)?.endsWith("\r")) return;
        const lines = pieces.join("").split(ends);
        pieces.length = 0;
        const rest = lines.pop() ?? "";
        for (const line of lines) controller.enqueue(line);
        if (rest !== "") pieces.push(rest);
      },
      flush(controller) {
        const text = pieces.join("");
        const rest = allowCR ? text.replace(/\r$/, "") : text;
        if (text !== "") controller.enqueue(rest);
      },
    });
  }
}
