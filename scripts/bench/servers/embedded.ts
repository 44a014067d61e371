/**
 * The embedded server in a process of its own, as a server that keeps jobs and passes them on. It prints its URL, and how
 * busy it was once its standard input ends.
 */

import { FaktoryServer } from "../../../src/server/mod.ts";
import { Use } from "./use.ts";

const use = new Use();
use.opened();
void FaktoryServer.start({ port: 0 }).then(({ url }) => console.log(url));
use.tellAtEnd();
