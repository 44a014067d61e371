/** Handlers for `faktory work` of the installed package. */

import "./version.mjs";
import { Consumer } from "@faktory-ts/faktory";

export default (consumer) => {
  // The command and this module must load the same copy of the package.
  if (!(consumer instanceof Consumer)) throw new Error("the package was loaded twice");
  consumer.register("greet", () => {});
};
