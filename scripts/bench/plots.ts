import { clients } from "./clients.ts";
import { type Figure, figures, type Result, short, spread } from "./results.ts";
import type { Spread } from "./statistics.ts";
import { servers, workloads } from "./workloads.ts";

/** A bar: a client on a server. */
interface Bar extends Spread {
  readonly name: string;
  readonly isOurs: boolean;
  /** Durability of the server in a word or two. */
  readonly kept: string;
}

/** Bars of one workload, to one scale. */
interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const WORKLOADS = ["enqueue", "enqueue-many", "consume-100"];

/** The plots, by the names of their files. */
export function plotsOf(results: readonly Result[]): Map<string, string> {
  const plot = (title: string, unit: string, figure: Figure) =>
    chart(title, unit, panelsOf(results, figure));
  return new Map([
    ["speed.svg", plot("Jobs a second, more is better", "jobs/s", figures.jobsPerSecond)],
    ["cpu.svg", plot("CPU time of the client, less is better", "µs a job", figures.cpuUsPerJob)],
    ["memory.svg", plot("Peak memory of the client, less is better", "MB", figures.peakMb)],
  ]);
}

/** A panel for each workload: all that keep their jobs, so not the null server. */
function panelsOf(results: readonly Result[], figure: Figure): Panel[] {
  return WORKLOADS.flatMap((name) => {
    const bars = servers.flatMap(({ name: server, kept }) =>
      clients.flatMap((client): Bar[] => {
        if (server === "null" || client.program === "floor") return [];
        const result = results.find((one) =>
          one.server === server && one.workload.name === name && one.client.name === client.name
        );
        const over = spread(result, figure);
        if (over === undefined) return [];
        const isEmbedded = server === "memory" || server === "durable";
        const title = client.title.replaceAll("`", "") + (isEmbedded ? ", embedded server" : "");
        return [{ name: title, isOurs: client.program === "ours", kept, ...over }];
      })
    );
    const title = workloads.find((workload) => workload.name === name)!.title;
    return bars.length === 0 ? [] : [{ title, bars }];
  });
}

const WIDTH = 800;
const LEFT = 240;
const RIGHT = 200;
const ROW = 22;
const TOP = 74;
const PANEL = 40;

function chart(title: string, unit: string, panels: readonly Panel[]): string {
  let y = TOP;
  const parts: string[] = [];
  for (const { title, bars } of panels) {
    parts.push(text(title, 16, y, "panel"));
    y += 12;
    const most = Math.max(...bars.map(({ max }) => max));
    const scale = (value: number) => LEFT + value / most * (WIDTH - LEFT - RIGHT);
    for (const { name, isOurs, kept, median, min, max } of bars) {
      const middle = y + ROW / 2 - 2;
      const [low, high] = [scale(min).toFixed(1), scale(max).toFixed(1)];
      parts.push(
        text(name, LEFT - 10, middle + 4, "name", "end"),
        `<rect class="${isOurs ? "ours" : "peer"}" x="${LEFT}" y="${y}" ` +
          `width="${(scale(median) - LEFT).toFixed(1)}" height="${ROW - 6}" rx="2"/>`,
        `<path class="range" d="M${low} ${middle}H${high}M${low} ${middle - 3}v6M${high} ` +
          `${middle - 3}v6"/>`,
        text(
          `${short(median)} <tspan class="name">${kept}</tspan>`,
          scale(max) + 8,
          middle + 4,
          "",
        ),
      );
      y += ROW;
    }
    y += PANEL - 12;
  }
  const height = y - 14;
  const subtitle = `${unit}: median, least and most of all rounds, and where the server keeps jobs`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
    `width="${WIDTH}" height="${height}" role="img">\n<title>${title}</title>\n${STYLE}\n` +
    `<rect class="ground" x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>\n` +
    `${text(title, 16, 26, "title")}\n${text(subtitle, 16, 43, "name")}\n` +
    `${parts.join("\n")}\n</svg>\n`;
}

/** Readable on a light and on a dark page. */
const STYLE = `<style>
text{font:12px system-ui,sans-serif;fill:#1f2328}
.title{font-size:15px;font-weight:600}.panel{font-weight:600}.name{fill:#59636e}
.ground{fill:#fff;stroke:#d1d9e0}.ours{fill:#0969da}.peer{fill:#afb8c1}
.range{fill:none;stroke:#1f2328;stroke-width:1}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.name{fill:#9198a1}
.ground{fill:#0d1117;stroke:#3d444d}.ours{fill:#4493f8}.peer{fill:#656c76}.range{stroke:#e6edf3}}
</style>`;

function text(content: string, x: number, y: number, style: string, anchor = "start"): string {
  return `<text class="${style}" x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}">` +
    `${content}</text>`;
}
