export { count, duration, whole } from "../internal/for_people.ts";
export { plain } from "../internal/show.ts";
