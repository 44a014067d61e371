/** An element, or a text, as it stands in a file. */
export type Markup = string;

/** An element of SVG; numbers are rounded to what can be seen. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly Markup[]
): Markup {
  const written = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${typeof value === "number" ? round(value) : escaped(value)}"`
  );
  const start = `<${name}${written.join("")}`;
  return children.length === 0 ? `${start}/>` : `${start}>${children.join("")}</${name}>`;
}

/** A text at a place; `anchor` says which end of it is there. */
export function label(
  text: string,
  { x, y, anchor = "start", style = "text" }: {
    readonly x: number;
    readonly y: number;
    readonly anchor?: "start" | "middle" | "end";
    readonly style?: "text" | "title" | "faint";
  },
): Markup {
  return element("text", { x, y, "text-anchor": anchor, class: style }, escaped(text));
}

/** A whole picture, on a ground of its own, so that it can be read on a light page and on a dark one. */
export function picture(
  { width, height, title }: { width: number; height: number; title: string },
  ...children: readonly Markup[]
): string {
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${round(width)} ${round(height)}`,
    width,
    height,
    role: "img",
  };
  const ground = element("rect", { class: "ground", width, height, rx: 6 });
  const parts = [element("title", {}, escaped(title)), STYLE, ground, ...children];
  return `${element("svg", attributes, ...parts.map((part) => `\n${part}`), "\n")}\n`;
}

/** Colours that differ in lightness too, on either ground. */
const SERIES = [
  ["#0b5fc4", "#6cb0ff"],
  ["#0d8a6a", "#4fd6ac"],
  ["#7a3fc0", "#c59bff"],
  ["#1a7f37", "#3fb950"],
  ["#c2410c", "#ff9d5c"],
  ["#a8326e", "#ff8fc4"],
  ["#5d6773", "#9aa5b1"],
  ["#8a7a1f", "#d9c75a"],
] as const;

/** The class of a client's colour, by its place among all clients. */
export function seriesClass(index: number): string {
  return `s${index % SERIES.length}`;
}

const STYLE = element(
  "style",
  {},
  [
    "text{font:12px system-ui,sans-serif;fill:#1f2328}",
    ".title{font-size:14px;font-weight:600}.faint{fill:#59636e}",
    ".ground{fill:#ffffff;stroke:#d1d9e0}.grid{stroke:#d1d9e0}",
    ".whisker{stroke:#1f2328;stroke-width:1.5}.line{fill:none;stroke-width:2}",
    SERIES.map(([light], i) => `.s${i}{fill:${light}}.line.s${i}{fill:none;stroke:${light}}`)
      .join(""),
    "@media(prefers-color-scheme:dark){",
    "text{fill:#e6edf3}.faint{fill:#9198a1}",
    ".ground{fill:#0d1117;stroke:#3d444d}.grid{stroke:#3d444d}.whisker{stroke:#e6edf3}",
    SERIES.map(([, dark], i) => `.s${i}{fill:${dark}}.line.s${i}{fill:none;stroke:${dark}}`)
      .join(""),
    "}",
  ].join("\n"),
);

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escaped(text: string): Markup {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
}
