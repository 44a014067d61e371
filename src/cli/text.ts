export { count, duration, whole } from "../internal/format.ts";
export { plain } from "../internal/show.ts";
