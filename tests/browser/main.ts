/**
 * The dashboard in a real browser. The gate runs this file under Node, with the browser's path in
 * `FAKTORY_TEST_BROWSER`: a browser for each runtime would show nothing more.
 */
import "./jobs.ts";
import "./access.ts";
import "./everybody.ts";
