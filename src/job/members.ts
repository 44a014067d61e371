const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN, CLOSE] = ["[{", "]}"];

/**
 * Returns the members of a JSON object, each with the unchanged text of its value. `json` has to be
 * valid.
 */
export function membersOf(json: string): Map<string, string> {
  const members = new Map<string, string>();
  for (let at = json.indexOf("{") + 1;;) {
    const begin = json.indexOf('"', at);
    if (begin < 0) return members;
    const end = endOfString(json, begin);
    const colon = json.indexOf(":", end);
    const stop = endOfValue(json, colon + 1);
    members.set(JSON.parse(json.slice(begin, end)), json.slice(colon + 1, stop).trim());
    if (json[stop] !== ",") return members;
    at = stop + 1;
  }
}

/** Returns the index after the string that begins at `begin`. */
function endOfString(json: string, begin: number): number {
  for (let at = begin + 1;; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++;
  }
}

/** Returns the index of the comma or bracket after the value that begins at `begin`. */
function endOfValue(json: string, begin: number): number {
  let depth = 0;
  for (let at = begin; at < json.length; at++) {
    const char = json[at]!;
    if (char === '"') at = endOfString(json, at) - 1;
    else if (OPEN!.includes(char)) depth++;
    else if (CLOSE!.includes(char) && depth-- === 0) return at;
    else if (char === "," && depth === 0) return at;
  }
  return json.length;
}
