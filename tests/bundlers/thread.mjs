// Handlers that `program.mjs` runs in threads.

export default (job) => `hello ${job.args[0]}`;
