import type { Command } from "commander";
import type { CommandDefinition, Invocation } from "../command.ts";
import { addConnectionFlags, type ConnectionFlags, withProducer } from "../connect.ts";
import { remoteInspector, webPage } from "../listing.ts";
import { untilInterrupted } from "../io.ts";
import {
  addWebFlags,
  dashboardOptions,
  serveWeb,
  type WebFlags,
  webTls,
  webWarning,
} from "../web.ts";

/** A port other than that of the reference server's web page, which may run on this machine. */
const DEFAULT_ADDRESS = { hostname: "127.0.0.1", port: 7421 };

/** `faktory dashboard`: serves a web page for a server that runs elsewhere. */
export const dashboard: CommandDefinition<ConnectionFlags & WebFlags> = {
  name: "dashboard",
  summary: "Serves a dashboard for a running server",
  details:
    "For an embedded server (faktory serve), the page shows everything. For any other server, it " +
    "shows queues, sizes and rates, changes jobs by type or text, and links to the server's own " +
    "page. If the server has a password, the page asks for it.",
  examples: [
    ["dashboard", "for the server in FAKTORY_URL, at http://127.0.0.1:7421/"],
    ["dashboard --url tcp://jobs.example.com --web-read-only", "read-only, for another server"],
  ],
  configure(command: Command): void {
    addConnectionFlags(command);
    addWebFlags(command, "127.0.0.1:7421");
  },
  run,
};

async function run(invocation: Invocation<ConnectionFlags & WebFlags>): Promise<void> {
  const { flags, io, output } = invocation;
  await withProducer(invocation, async (producer, { url, options: { password } }) => {
    const { dashboard } = await import("../../dashboard/mod.ts");
    const address = flags.web || DEFAULT_ADDRESS;
    const secret = typeof password === "string" ? password : undefined;
    const options = dashboardOptions(flags, address, secret);
    const tls = await webTls(flags, address);
    const isEmbedded = await remoteInspector(producer) !== undefined;
    const serverPage = isEmbedded ? undefined : webPage(url);
    const web = await serveWeb(dashboard(producer, { ...options, serverPage }), {
      ...address,
      tls,
    });
    try {
      output.print({ web: web.url, url, pid: io.pid }, () => `Dashboard of ${url}: ${web.url}`);
      const warning = webWarning(flags, address, { password: options.password, tls });
      if (warning !== undefined) output.warn(warning);
      await untilInterrupted(io.signal);
    } finally {
      await web.close();
    }
  });
}
