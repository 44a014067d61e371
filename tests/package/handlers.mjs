/** Handlers for `faktory work` of the installed package. */

import "./version.mjs";
import { Consumer } from "@faktory-ts/faktory";

export default (consumer) => {
  // The command and its module have the same package, not each its own.
  if (!(consumer instanceof Consumer)) throw new Error("the package is there twice");
  consumer.register("greet", () => {});
};
