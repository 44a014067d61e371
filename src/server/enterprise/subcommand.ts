/** Splits a line into its second word, in capitals, and the rest. */
export function subcommand(line: string): { name: string; payload: string } {
  const match = /^\S+ (\S+)(?: (.*))?$/s.exec(line);
  // A missing argument is an internal error, as on the reference server.
  if (match === null) throw new TypeError("no subcommand");
  return { name: match[1]!.toUpperCase(), payload: (match[2] ?? "").trim() };
}
