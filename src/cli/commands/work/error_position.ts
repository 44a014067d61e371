import { fileURLToPath } from "node:url";
import { printable } from "../../text.ts";
import { shortPath } from "./locate.ts";

/** The position in an error of Bun's parser. */
interface Position {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

interface Located {
  readonly message?: unknown;
  readonly stack?: unknown;
  readonly position?: Position | null;
  readonly errors?: readonly unknown[];
}

/** A file with line and optional column, as runtimes write it. */
const POSITION = /(?:^|[\s("'])((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^\s():]*):(\d+)(?::(\d+))?/;

/**
 * Returns the first of the errors in an error of Bun's parser, whose own message only counts them.
 */
export function firstError(error: unknown): unknown {
  const { errors } = (error ?? {}) as Located;
  return Array.isArray(errors) && errors.length > 0 ? errors[0] : error;
}

/** Returns the position of an error, such as `handlers.ts:3:1`, or `undefined`. */
export function positionOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { message, stack, position } = error as Located;
  if (typeof position?.file === "string") {
    return formatPosition(position.file, position.line, position.column);
  }
  // Deno's message has the position in the module that failed. The stack has that of its importer.
  const lines = [message, stack].filter((text) => typeof text === "string")
    .flatMap((text) => withoutColours(text).split("\n"));
  for (const line of lines) {
    const [, file, row, column] = POSITION.exec(line) ?? [];
    if (file !== undefined && !file.includes("/node_modules/")) {
      return formatPosition(file, row, column);
    }
  }
  return undefined;
}

/** Returns an error's message on one line, without the position. */
export function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return printable(String(error));
  const { name, message } = error as { name?: unknown; message?: unknown };
  // Deno appends the source line and a marker.
  const [first = "", second = ""] = withoutColours(String(message ?? "")).split("\n");
  // The first line of tsx only counts the errors.
  const [, transformed] = / ERROR: (.+)$/.exec(second) ?? [];
  if (transformed !== undefined) return printable(transformed);
  const text = printable(first.replace(/ at file:\S+$/, "")).trim();
  if (typeof name !== "string" || /^(Error|BuildMessage|ResolveMessage)$/.test(name)) return text;
  return /^SyntaxError: /.test(text) ? text : `${name}: ${text}`;
}

function formatPosition(file: string, line?: number | string, column?: number | string): string {
  const path = shortPath(file.startsWith("file:") ? fileURLToPath(file) : file);
  return [path, line, column].filter((part) => part !== undefined).join(":");
}

function withoutColours(text: string): string {
  // deno-lint-ignore no-control-regex -- Deno colours its errors, even in a pipe.
  return text.replace(/\u001b\[[\d;]*m/g, "");
}
