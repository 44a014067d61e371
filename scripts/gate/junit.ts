import type { Outcome } from "./step.ts";

/** One test of a JUnit report. */
export interface TestCase {
  readonly name: string;
  readonly file: string | undefined;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped, where the report says so. */
  readonly reason: string | undefined;
}

const testcase = /<testcase((?:\s+[\w:.-]+="[^"]*")*)\s*(?:\/>|>([\s\S]*?)<\/testcase>)/g;

/** The tests in a report of Deno's, Bun's or Node's. */
export function readReport(xml: string): TestCase[] {
  const cases = [...xml.matchAll(testcase)].map(([, attributes = "", body = ""]): TestCase => {
    const skipped = /<skipped([^>]*)>/.exec(body);
    return {
      name: attribute(attributes, "name") ?? "",
      file: fileOf(attributes),
      outcome: /<(failure|error)\b/.test(body) ? "failed" : skipped ? "skipped" : "passed",
      reason: attribute(skipped?.[1] ?? "", "message"),
    };
  });
  return cases.filter((one) => !isOnlyGroup(one, cases));
}

/** The sums of a report; `success` is whether the runner exited with 0. */
export function corpusOutcome(cases: readonly TestCase[], success: boolean): Outcome {
  const of = (outcome: TestCase["outcome"]) => cases.filter((one) => one.outcome === outcome);
  const failed = of("failed");
  const skipped = of("skipped");
  const notes = failed.map(({ file, name }) =>
    `failed: ${file === undefined ? "" : `${file}: `}${name}`
  );
  // A runner that fails without a failed test has crashed, and one that ran nothing has proved nothing.
  const crashed = failed.length === 0 && (!success || cases.length === 0);
  if (crashed) {
    notes.push(success ? "failed: no test was run" : "failed: the runner itself, or a file");
  }
  for (const { name, reason } of skipped) {
    notes.push(`skipped: ${name}${reason === undefined || reason === "true" ? "" : `: ${reason}`}`);
  }
  return {
    passed: of("passed").length,
    failed: crashed ? 1 : failed.length,
    skipped: skipped.length,
    notes,
  };
}

/** Deno reports a group as a test of its own: that counts only when it fails and nothing in it does. */
function isOnlyGroup(one: TestCase, all: readonly TestCase[]): boolean {
  const inside = all.filter(({ name }) => name.startsWith(`${one.name} > `));
  if (inside.length === 0) return false;
  return one.outcome !== "failed" || inside.some(({ outcome }) => outcome === "failed");
}

/** Deno says the file where others say a class; what Node says is no file. */
function fileOf(attributes: string): string | undefined {
  const file = attribute(attributes, "file") ?? attribute(attributes, "classname");
  return file?.endsWith(".ts") && !file.startsWith("ext:") ? file : undefined;
}

function attribute(attributes: string, name: string): string | undefined {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1];
  return value === undefined ? undefined : unescapeXml(value);
}

function unescapeXml(text: string): string {
  const marks: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", "#39": "'" };
  // Node escapes a quote twice, so `&amp;` has to go first.
  return text.replaceAll("&amp;", "&").replace(
    /&(lt|gt|quot|apos|#39);/g,
    (all, mark: string) => marks[mark] ?? all,
  );
}
