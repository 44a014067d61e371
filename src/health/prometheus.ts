/** Labels of a sample, in their order. */
export type Labels = Readonly<Record<string, string>>;

/** The media type of the text format, version 0.0.4, which every Prometheus reads. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Writes Prometheus' text format. */
export class PrometheusText {
  readonly #lines: string[] = [];

  /** Begins a metric; its samples follow. */
  metric(name: string, type: "counter" | "gauge" | "histogram", help: string): this {
    this.#lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
    return this;
  }

  /** One sample of the metric. */
  sample(name: string, labels: Labels, value: number): this {
    const all = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    this.#lines.push(`${name}${all.length === 0 ? "" : `{${all.join()}}`} ${numberText(value)}`);
    return this;
  }

  /** The whole text. */
  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  // What is half of a character cannot be written as UTF-8.
  return escapeHelp(text.toWellFormed()).replaceAll('"', '\\"');
}

/** As Go reads it. */
export function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
