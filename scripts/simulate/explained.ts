const LATE_SYNC =
  "The judge: a sync of the disk took up to 20 s, which was not counted as a fault of the server.";
const STALLED =
  "The swarm: it allowed a world 100 s, which was too little on a busy machine. The world passes.";
const RECONNECT =
  "The judge: a stop was expected to report every result three seconds after a fault, but a " +
  "connection may take 20 s to come back.";
const SENT_AGAIN =
  "The judge: the PUSH of a requeued job that is sent again was taken for a report of its result.";

const EARLY_LOOK =
  "The simulation: it stopped the relays of an outbox while a transaction was in flight.";

const RELEASED =
  "The judge: a relay does not release its rows while its program has a transaction (SQLite).";
const GAVE_UP =
  "The judge: a relay does not count rows whose deletion was in flight when its stop gave up.";

/** Explanations of violations of published runs, by seed. A seed means a world of one commit. */
export const explained: Readonly<Record<string, string>> = {
  "700126": LATE_SYNC,
  "702566": LATE_SYNC,
  "702658": LATE_SYNC,
  "702574":
    "The judge: a full disk refused the start of a workflow, and the program did not repeat it.",
  "1002627": LATE_SYNC,
  "700089": "A fault, fixed: a pool closed its last connection as idle, and the next call threw.",
  "700133": "A fault, fixed: a pool closed its last connection as idle, and the next call threw.",
  "1000251": "A fault, fixed: two attempts to connect at the same time left a connection open.",
  "1000294": STALLED,
  "1000295": STALLED,
  "2000012": STALLED,
  "2002514": STALLED,
  "4100017": RECONNECT,
  "4100019": RECONNECT,
  "4100044": RECONNECT,
  "4100048": SENT_AGAIN,
  "4100079": "The judge: a job whose arrival was lost in a crash was expected at its old place.",
  "4102506": SENT_AGAIN,
  "4102510": RECONNECT,
  "4102520": RECONNECT,
  "4102527": RECONNECT,
  "4102553": RECONNECT,
  "4102563": RECONNECT,
  "4102573": RECONNECT,
  "4102584": SENT_AGAIN,
  "5100003": RECONNECT,
  "6100010":
    "The judge: the FAIL of a cancellation was taken for a report by the worker of the job.",
  "6100039": "The judge: it did not know that the lock of a unique job had expired.",
  "7102547": "The simulation: a deploy looked for a process that had just been killed.",
  "40000252":
    "The judge: the end of an earlier reservation was taken for the end of the present one.",
  "41000009":
    "The judge: a producer used its own clock, as an attempt to connect had failed after 10 s.",
  "42000009":
    "A fault, fixed: the server's time from a reply that took 18 s was used for a minute.",
  "44000251":
    "A fault, fixed: a consumer that was paused while its clock was set back reported too late.",
  "44000289":
    "The judge: a partition held back a FETCH that was sent before the consumer was quiet.",
  "50000034":
    "The simulation: the database's clock was set back by two hours, and the world ended before the " +
    "claims of a crashed relay.",
  "50000063":
    "The judge: the producer of a relay gives up a command after 5 s, so a pause of the server was a " +
    "reason to push again.",
  "50000076": EARLY_LOOK,
  "50000085": "A fault, fixed: a relay started a timer after a stop that had given up.",
  "50000105":
    "A fault, fixed: a worker that the server had made quiet fetched the tokens of a join on its " +
    "first connection, where the server delays the reply.",
  "50000122": EARLY_LOOK,
  "60000027":
    "A fault, fixed: the end of a closed log was recorded before the name of its last segment was " +
    "synced.",
  "60000083": RELEASED,
  "60000091": "A fault, fixed: a FETCH that was refused on a replaced connection started a timer.",
  "60000140": RELEASED,
  "61000011": GAVE_UP,
  "61000033": GAVE_UP,
  "61000051": "The judge: the server had no room for another connection of the producer.",
  "61000056": GAVE_UP,
};
