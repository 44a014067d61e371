/** Labels of a sample, in order. */
export type Labels = Readonly<Record<string, string>>;

/** Media type of the text format, version 0.0.4, which every Prometheus can read. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes Prometheus' text format. */
export class PrometheusText {
  readonly #lines: string[] = [];

  /** Starts a metric. Its samples follow. */
  metric(name: string, type: "counter" | "gauge" | "histogram", help: string): this {
    this.#lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
    return this;
  }

  /** Adds a sample of the metric. */
  sample(name: string, labels: Labels, value: number): this {
    const all = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    this.#lines.push(`${name}${all.length === 0 ? "" : `{${all.join()}}`} ${numberText(value)}`);
    return this;
  }

  /** Returns the whole text. */
  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  // Lone surrogates cannot be written as UTF-8.
  return escapeHelp(text.toWellFormed()).replaceAll('"', '\\"');
}

/** Formats a number for Go's parser. */
export function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
