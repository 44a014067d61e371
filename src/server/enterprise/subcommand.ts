/** The second word of a line, in capitals, and what follows it. */
export function subcommand(line: string): { name: string; payload: string } {
  const match = /^\S+ (\S+)(?: (.*))?$/s.exec(line);
  // As where a command of the free server lacks what has to follow it: an internal error.
  if (match === null) throw new TypeError("no subcommand");
  return { name: match[1]!.toUpperCase(), payload: (match[2] ?? "").trim() };
}
