export { formatCount, formatDuration, formatInteger } from "../internal/format.ts";
export { printable } from "../internal/show.ts";
