import { html } from "hono/html";

/** A piece of a page. */
export type Html = ReturnType<typeof html>;

export { html };
