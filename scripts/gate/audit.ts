import { fail, type Outcome, pass, skip } from "./step.ts";

/** What `npm audit --omit=dev` says of the package as it is installed in `folder`: of what comes with it, and with that. */
export async function audit(folder: string): Promise<Outcome> {
  const args = ["audit", "--omit=dev", "--json"];
  const options: Deno.CommandOptions = { args, cwd: folder, signal: AbortSignal.timeout(60_000) };
  const { stdout } = await new Deno.Command("npm", options).output();
  return auditOutcome(new TextDecoder().decode(stdout));
}

/** How an audit ended, by its report. One that could not be made is skipped, and says why. */
export function auditOutcome(report: string): Outcome {
  let told: { vulnerabilities?: unknown; message?: unknown };
  try {
    told = JSON.parse(report);
  } catch {
    return skip("the audit of dependencies, as npm made no report of it");
  }
  const { vulnerabilities, message } = told ?? {};
  if (typeof vulnerabilities !== "object" || vulnerabilities === null) {
    // Not every registry knows of advisories.
    const reason = String(message ?? "no reason").replaceAll(/https?:\S+/g, "the registry");
    return skip(`the audit of dependencies, as npm could not make it: ${reason}`);
  }
  const names = Object.keys(vulnerabilities);
  return names.length === 0 ? pass : fail(`advisories are known of ${names.join(", ")}`);
}
