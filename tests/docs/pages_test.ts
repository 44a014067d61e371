import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");

const guides = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name}`);
const examples = readdirSync(join(root, "examples"), { withFileTypes: true })
  .map((entry) => entry.isDirectory() ? `examples/${entry.name}/README.md` : `examples/README.md`);
const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...guides, ...examples];

/** A page without its blocks of code. */
const prose = (page: string) => read(page).replaceAll(/^```[^]*?^```/gm, "");

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const headings = prose(page).matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(
      headings,
      ([, text]) => text!.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"),
    ),
  );
}

describe("the pages", () => {
  it("link only to files and headings that exist", () => {
    const broken = pages.flatMap((page) =>
      Array.from(prose(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g))
        .filter(([, path, anchor]) => {
          const target = path === "" ? page : join(dirname(page), path!);
          if (!exists(target)) return true;
          return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).has(anchor);
        })
        .map(([link]) => `${page}: ${link}`)
    );
    assert.deepEqual(broken, []);
  });

  it("name only files that exist", () => {
    const places = ["", "src", "tests", "scripts"];
    const gone = pages.flatMap((page) =>
      Array.from(prose(page).matchAll(/`([a-z_]+\/[\w/]+\.ts)`/g), ([, path]) => path!)
        .filter((path) => !path.includes("/name/"))
        .filter((path) => !places.some((place) => exists(join(place, path))))
        .map((path) => `${page}: ${path}`)
    );
    assert.deepEqual(gone, []);
  });

  it("have lines of 100 columns at most, tables and images excepted", () => {
    const long = pages.flatMap((page) =>
      prose(page).split("\n").filter((line) => line.length > 100 && !/^\||^\[?!\[/.test(line))
        .map((line) => `${page}: ${line}`)
    );
    assert.deepEqual(long, []);
  });

  for (const list of ["docs/README.md", "docs/llms.txt"]) {
    it(`are all listed in ${list}`, () => {
      const text = read(list);
      const missing = guides.map((page) => page.slice("docs/".length))
        .filter((name) => name !== "README.md" && !text.includes(`${name})`));
      assert.deepEqual(missing, []);
    });
  }
});

function exists(path: string): boolean {
  try {
    if (path.endsWith("/") || !path.includes(".")) readdirSync(join(root, path));
    else readFileSync(join(root, path));
    return true;
  } catch {
    return false;
  }
}

it("docs/errors.md has a row for each error code, and no others", () => {
  const [, union] = /export type FaktoryErrorCode =([^;]*);/.exec(read("src/error_codes.ts"))!;
  const codes = Array.from(union!.matchAll(/"(\w+)"/g), ([, code]) => code!);
  const cells = Array.from(
    read("docs/errors.md").matchAll(/^\| (`[^|]*)\|/gm),
    ([, cell]) => cell!,
  );
  const listed = cells.flatMap((cell) =>
    Array.from(cell.matchAll(/`(\w+)`/g), ([, code]) => code!)
  );
  assert.deepEqual([...new Set(listed)].sort(), [...new Set(codes)].sort());
});

it("docs/constants.md has the values of the code", () => {
  const rows = read("docs/constants.md").matchAll(/^\| `(\w+)` +\| (\S.*?) +\| `(src\S+)`/gm);
  const wrong = Array.from(rows)
    .filter(([, name, value, file]) => {
      const source = read(file!);
      return !new RegExp(`\\b${name}(: number)? = ${value!.replaceAll("*", "\\*")};`).test(source);
    })
    .map(([, name, value, file]) => `${file}: ${name} is not ${value}`);
  assert.deepEqual(wrong, []);
});

/** The names in the lists of the sources that satisfy `OptionNames` or `EventNames`. */
function namesOf(kind: "OptionNames" | "EventNames"): { type: string; name: string }[] {
  const list = new RegExp(` = \\{([^}]*)\\} as const satisfies ${kind}<([^>]*)`, "g");
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .flatMap((path) => Array.from(read(join("src", path)).matchAll(list)))
    .flatMap(([, names, type]) =>
      Array.from(
        names!.matchAll(/(\w+): true/g),
        ([, name]) => ({ type: type!.trim(), name: name! }),
      )
    );
}

it("docs/options.md, or the page it refers to, has every option", () => {
  const places = [
    "options",
    "enqueue",
    "server",
    "enterprise",
    "tls",
    "edge",
    "typing",
    "recurring",
  ];
  const text = places.map((name) => read(`docs/${name}.md`)).join("\n");
  const options = namesOf("OptionNames");
  assert.ok(options.length > 150);
  const missing = options.filter(({ type, name }) =>
    // Names of the server's configuration are in the server's own documentation.
    !/^Server(Cron|Throttle)/.test(type) && !text.includes(`${name}\``)
  );
  assert.deepEqual(missing, []);
});

it("docs/events.md has every event", () => {
  const text = read("docs/events.md");
  const events = namesOf("EventNames");
  assert.ok(events.length > 30);
  assert.deepEqual(events.filter(({ name }) => !text.includes(`\`${name}\``)), []);
});
