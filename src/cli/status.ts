/** Exit statuses, from `sysexits.h` where possible. */
export const Status = {
  ok: 0,
  usage: 64,
  data: 65,
  noInput: 66,
  unavailable: 69,
  internal: 70,
  io: 74,
  protocol: 76,
  permission: 77,
} as const;

/** The meaning of each exit status, for the help. */
export const STATUS_TEXTS: readonly (readonly [status: string, meaning: string])[] = [
  ["0", "success; a long-running command was stopped"],
  ["64", "invalid usage: a flag, argument, URL or variable cannot be used"],
  ["65", "invalid data: not a valid job, line, file or module"],
  ["66", "a file cannot be read"],
  ["69", "unavailable: no server answers, TLS fails, or the port is taken"],
  ["70", "internal error of this program"],
  ["74", "changes cannot be saved"],
  ["76", "the server is not a Faktory server, or it refused the command"],
  ["77", "the password is wrong or missing, or Deno denies permission"],
  ["130, 143", "ended by SIGINT (Ctrl+C) or SIGTERM"],
  ["141", "ended because its output was closed, as with | head"],
];
