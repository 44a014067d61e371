import { fileURLToPath } from "node:url";
import { plain } from "../text.ts";
import { shortPath } from "./locate.ts";

/** What Bun's parser says of a place. */
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

/** A place in a file, with its line and perhaps its column, as runtimes write it. */
const PLACE = /(?:^|[\s("'])((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/])[^\s():]*):(\d+)(?::(\d+))?/;

/** Bun's parser says only how many errors there are: they are in it. */
export function firstOf(error: unknown): unknown {
  const { errors } = (error ?? {}) as Located;
  return Array.isArray(errors) && errors.length > 0 ? errors[0] : error;
}

/** Where an error comes from, as `handlers.ts:3:1`; `undefined` where nobody says so. */
export function whereOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { message, stack, position } = error as Located;
  if (typeof position?.file === "string") {
    return placeOf(position.file, position.line, position.column);
  }
  // Deno's message has the place of what cannot be read; the frames are those of who wanted it.
  const lines = [message, stack].filter((text) => typeof text === "string")
    .flatMap((text) => withoutColours(text).split("\n"));
  for (const line of lines) {
    const [, file, row, column] = PLACE.exec(line) ?? [];
    if (file !== undefined && !file.includes("/node_modules/")) return placeOf(file, row, column);
  }
  return undefined;
}

/** An error in a line, without what its message says of the place. */
export function messageOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return plain(String(error));
  const { name, message } = error as { name?: unknown; message?: unknown };
  // Deno's goes on with the line of the source, and a mark below it.
  const [first = "", second = ""] = withoutColours(String(message ?? "")).split("\n");
  // That of tsx only counts them there.
  const [, transformed] = / ERROR: (.+)$/.exec(second) ?? [];
  if (transformed !== undefined) return plain(transformed);
  const text = plain(first.replace(/ at file:\S+$/, "")).trim();
  if (typeof name !== "string" || /^(Error|BuildMessage|ResolveMessage)$/.test(name)) return text;
  return /^SyntaxError: /.test(text) ? text : `${name}: ${text}`;
}

function placeOf(file: string, line?: number | string, column?: number | string): string {
  const path = shortPath(file.startsWith("file:") ? fileURLToPath(file) : file);
  return [path, line, column].filter((part) => part !== undefined).join(":");
}

function withoutColours(text: string): string {
  // deno-lint-ignore no-control-regex -- Deno colours what it says of a module, whatever it is written to.
  return text.replace(/\u001b\[[\d;]*m/g, "");
}
