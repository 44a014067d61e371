import type { Flag, Node, Values } from "./tree.ts";

/** Generates the script for fish. */
export function fishScript(nodes: readonly Node[]): string {
  return `# Completion of faktory for fish: faktory completion fish | source
function __faktory_at
    set -l at faktory
    for word in (commandline -opc)[2..]
        switch "$at $word"
            case ${nodes.slice(1).map(({ path }) => quote(path)).join(" ")}
                set at "$at $word"
        end
    end
    test "$at" = "$argv"
end
complete -c faktory -e
complete -c faktory -f
${nodes.flatMap(linesOf).join("\n")}
`;
}

function linesOf({ path, flags, commands, values }: Node): string[] {
  const front = `complete -c faktory -n ${quote(`__faktory_at ${path}`)}`;
  return [
    ...flags.map((flag) => `${front} ${flagWords(flag)} -d ${quote(flag.help)}`),
    ...commands.map(({ name, summary }) => `${front} -a ${quote(name)} -d ${quote(summary)}`),
    ...values === "files" ? [`${front} -F`] : [],
    ...typeof values === "object" ? [`${front} -a ${quote(values.join(" "))}`] : [],
  ];
}

function flagWords({ names, values }: Flag): string {
  const words = names.map((name) =>
    name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`
  );
  return [...words, ...valueWords(values)].join(" ");
}

function valueWords(values: Values | undefined): string[] {
  if (values === undefined) return [];
  if (values === "files") return ["-r", "-F"];
  return values === "anything" ? ["-x"] : ["-x", "-a", quote(values.join(" "))];
}

/** Quotes a word: in single quotes, only quotes and backslashes are special. */
function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
