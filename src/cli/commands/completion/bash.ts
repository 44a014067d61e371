import type { Node } from "./tree.ts";

/** Generates the script for bash 4 or later. Version 3 completes everything but files. */
export function bashScript(nodes: readonly Node[]): string {
  return `# Completion of faktory for bash: source <(faktory completion bash)
_faktory() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  local at=faktory i words=
  # bash splits words at "=".
  if [[ $prev == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [[ $cur == "=" ]]; then cur=; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
${cases(nodes.slice(1).map(({ path }) => path))}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${nodes.flatMap(valueCases).join("\n")}
  esac
  if [[ $cur == -* ]]; then
    case "$at" in
${nodes.map(flagCase).join("\n")}
    esac
  else
    case "$at" in
${nodes.flatMap(wordCase).join("\n")}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _faktory faktory
`;
}

const FILES = "COMPREPLY=(); compopt -o default 2>/dev/null; return";

function cases(texts: readonly string[]): string {
  return `      ${texts.map((text) => `"${text}"`).join(" | ")}`;
}

function valueCases({ path, flags }: Node): string[] {
  return flags.filter(({ values }) => values !== undefined).map(({ names, values }) => {
    const what = values === "files"
      ? FILES
      : values === "anything"
      ? "COMPREPLY=(); return"
      : `COMPREPLY=($(compgen -W "${(values ?? []).join(" ")}" -- "$cur")); return`;
    return `${cases(names.map((name) => `${path} ${name}`))}) ${what} ;;`;
  });
}

function flagCase({ path, flags }: Node): string {
  const names = flags.flatMap(({ names }) => names.slice(0, 1));
  return `${cases([path])}) words="${names.join(" ")}" ;;`;
}

function wordCase({ path, commands, values }: Node): string[] {
  if (values === "files") return [`${cases([path])}) ${FILES} ;;`];
  const words = typeof values === "object" ? values : commands.map(({ name }) => name);
  return words.length === 0 ? [] : [`${cases([path])}) words="${words.join(" ")}" ;;`];
}
