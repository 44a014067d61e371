import { html } from "hono/html";

/** A part of a page, with every text in it escaped. */
export type Html = ReturnType<typeof html>;

export { html };
