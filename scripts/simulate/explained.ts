const LATE_SYNC =
  "The judge: a sync of the disk took up to 20 s, which was not counted as a fault of the server.";

/** Explanations of violations of published runs, by seed. A seed means a world of one commit. */
export const explained: Readonly<Record<string, string>> = {
  "700126": LATE_SYNC,
  "700205": LATE_SYNC,
  "702566": LATE_SYNC,
  "702658": LATE_SYNC,
  "702574":
    "The judge: a full disk refused the start of a workflow, and the program did not repeat it.",
  "1002627": LATE_SYNC,
};
