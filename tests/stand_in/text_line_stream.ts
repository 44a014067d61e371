/**
 * Replaces `TextLineStream` of `jsr:@std/streams` where JSR is not available: the same options, the
 * same lines. `tests/ndjson/text_line_stream_test.ts` tests both.
 *
 * It is as slow as version 1.0.17, which searches an incomplete line again at each piece. Users
 * should therefore write whole lines, and tests show where they do not.
 *
 * @module
 */

/** Settings of a {@linkcode TextLineStream}. */
export interface TextLineStreamOptions {
  /** Also ends lines at a `\r` without `\n`. @default false */
  allowCR?: boolean;
}

/** Splits text into lines, without their `\n` or `\r\n`. */
export class TextLineStream extends TransformStream<string, string> {
  /** Creates a stream of lines. */
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
 * Returns the end of the first line of a text and the start of the next; `undefined` if the line is
 * not complete.
 */
function endOfLine(text: string, allowCR: boolean): { at: number; next: number } | undefined {
  const lineFeed = text.indexOf("\n");
  const carriageReturn = allowCR ? text.indexOf("\r") : -1;
  // At the end of the text it may be half of an `\r\n`.
  const isAlone = carriageReturn >= 0 && carriageReturn < text.length - 1 &&
    (lineFeed < 0 || carriageReturn < lineFeed - 1);
  if (isAlone) return { at: carriageReturn, next: carriageReturn + 1 };
  if (lineFeed < 0) return undefined;
  const at = lineFeed > 0 && text[lineFeed - 1] === "\r" ? lineFeed - 1 : lineFeed;
  return { at, next: lineFeed + 1 };
}
