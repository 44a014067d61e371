/**
 * What `TextLineStream` of `jsr:@std/streams` promises, for where JSR is out of reach: the same
 * options, the same lines. `tests/ndjson/text_line_stream_test.ts` holds both to it.
 *
 * It works as version 1.0.17 does, which looks through an incomplete line again at each piece:
 * whoever uses it is to give it whole lines, and tests are to see where that is not done.
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
    let rest = "";
    super({
      transform(text, controller) {
        rest += text;
        for (;;) {
          const end = endOfLine(rest, allowCR);
          if (end === undefined) return;
          controller.enqueue(rest.slice(0, end.at));
          rest = rest.slice(end.next);
        }
      },
      flush(controller) {
        if (rest !== "") controller.enqueue(allowCR ? rest.replace(/\r$/, "") : rest);
      },
    });
  }
}

/**
 * Where the first line of a text ends, and where the next begins; `undefined` where that is still
 * to come.
 */
function endOfLine(text: string, allowCR: boolean): { at: number; next: number } | undefined {
  const lineFeed = text.indexOf("\n");
  const carriageReturn = allowCR ? text.indexOf("\r") : -1;
  // At the end of what is there it may be half of an `\r\n`.
  const isAlone = carriageReturn >= 0 && carriageReturn < text.length - 1 &&
    (lineFeed < 0 || carriageReturn < lineFeed - 1);
  if (isAlone) return { at: carriageReturn, next: carriageReturn + 1 };
  if (lineFeed < 0) return undefined;
  const at = lineFeed > 0 && text[lineFeed - 1] === "\r" ? lineFeed - 1 : lineFeed;
  return { at, next: lineFeed + 1 };
}
