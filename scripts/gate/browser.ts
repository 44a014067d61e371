import { output, outputs } from "../tools.ts";
import { npmReason } from "../versions.ts";
import { runTests } from "./corpus.ts";
import { cached } from "./npm.ts";
import { skip, type Step } from "./step.ts";

const INSTALLED = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The browser to use if none is installed, for Linux on x64. */
const PACKAGE = "@sparticuz/chromium";
const VERSION = "153.0.0";

/** Tests the dashboard in a real browser, driven from Node. */
export const browserStep: Step = {
  name: "dashboard in a browser",
  async run() {
    const browser = await findBrowser().catch((error) => {
      skip(`the dashboard in a browser, as there is none: ${npmReason(String(error))}`);
    });
    if (browser === undefined) return 0;
    return await runTests("node", ["tests/browser/main.ts"], { FAKTORY_TEST_BROWSER: browser });
  },
};

/** Returns the path of a browser that starts. Rejects if none is installed and npm has none. */
export async function findBrowser(): Promise<string> {
  for (const command of INSTALLED) {
    const path = await output("which", [command]).then((path) => path.trim(), () => undefined);
    if (path !== undefined && await starts(path).then(() => true, () => false)) return path;
  }
  const { os, arch } = Deno.build;
  if (os !== "linux" || arch !== "x86_64") throw new Error(`${PACKAGE} is for Linux on x64`);
  const folder = await cached(`chromium@${VERSION}`, [`${PACKAGE}@${VERSION}`]);
  const unpack = `import chromium from "${PACKAGE}"; console.log(await chromium.executablePath());`;
  const path = (await output("node", ["--input-type=module", "--eval", unpack], {
    cwd: folder,
    // The package unpacks the browser to this folder, once.
    env: { TMPDIR: folder },
  })).trim();
  await starts(path);
  return path;
}

/** Rejects if the browser cannot run, for example because a library is missing. */
async function starts(path: string): Promise<void> {
  await outputs(path, ["--version"], { timeoutMs: 30_000 });
}
