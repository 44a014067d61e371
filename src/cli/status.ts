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
  ["0", "done; a command that runs until it is stopped was stopped"],
  ["64", "wrong usage: a flag, an argument, a URL or a variable that cannot be used"],
  [
    "65",
    "wrong data: a job or a line that is none, a file or a module that is not what it is to be",
  ],
  ["66", "a file cannot be read"],
  ["69", "no server is to be had: nobody listens, TLS fails, the port is taken"],
  ["70", "a fault of this program"],
  ["74", "what changed cannot be saved"],
  ["76", "what answers is no Faktory server, or it refused the command"],
  ["77", "the password is wrong, or none was given; or Deno does not permit it"],
  ["130, 143", "cut short by SIGINT (Ctrl+C), by SIGTERM"],
  ["141", "cut short as nobody read its output any more, as with | head"],
];
