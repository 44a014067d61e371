import type { Node, Values } from "./tree.ts";

/**
 * Generates the script for zsh: a file `_faktory` in `fpath`, or a script to source after
 * `compinit`.
 */
export function zshScript(nodes: readonly Node[]): string {
  return `#compdef faktory
# Completion of faktory for zsh: source <(faktory completion zsh), after compinit.
_faktory() {
  local cur="$words[CURRENT]" prev="$words[CURRENT-1]" at=faktory i
  local -a items
  for ((i = 2; i < CURRENT; i++)); do
    case "$at $words[i]" in
${cases(nodes.slice(1).map(({ path }) => path))}) at="$at $words[i]" ;;
    esac
  done
  # The value of --flag=value.
  if [[ "$cur" == --*=* ]]; then
    prev="\${cur%%=*}"
    compset -P '*='
    cur="\${cur#*=}"
  fi
  case "$at $prev" in
${nodes.flatMap(valueCases).join("\n")}
  esac
  if [[ "$cur" == -* ]]; then
    case "$at" in
${nodes.map(flagCase).join("\n")}
    esac
    _describe -o option items
  else
    case "$at" in
${nodes.flatMap(wordCase).join("\n")}
    esac
    _describe command items
  fi
}
if [ "$funcstack[1]" = "_faktory" ]; then _faktory "$@"; else compdef _faktory faktory; fi
`;
}

function cases(texts: readonly string[]): string {
  return `      ${texts.map(quote).join(" | ")}`;
}

/** Quotes a word: in single quotes, only quotes are special. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function valueCases({ path, flags }: Node): string[] {
  return flags.filter(({ values }) => values !== undefined).map(({ names, values }) =>
    `${cases(names.map((name) => `${path} ${name}`))}) ${valueAction(values)} ;;`
  );
}

function valueAction(values: Values | undefined): string {
  if (values === "files") return "_files; return";
  if (typeof values !== "object") return "return";
  return `items=(${values.map(quote).join(" ")}); _describe value items; return`;
}

/** Formats an item. A colon separates a word from its description. */
function item(word: string, help: string): string {
  return quote(`${word}:${help.replaceAll(":", "\\:")}`);
}

function flagCase({ path, flags }: Node): string {
  const items = flags.map(({ names: [name = ""], help }) => item(name, help));
  return `${cases([path])})\n        items=(\n          ${
    items.join("\n          ")
  }\n        ) ;;`;
}

function wordCase({ path, commands, values }: Node): string[] {
  if (values === "files" || typeof values === "object") {
    return [`${cases([path])}) ${valueAction(values)} ;;`];
  }
  if (commands.length === 0) return [];
  const items = commands.map(({ name, summary }) => item(name, summary));
  return [
    `${cases([path])})\n        items=(\n          ${items.join("\n          ")}\n        ) ;;`,
  ];
}
