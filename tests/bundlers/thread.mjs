// The jobs in threads of `program.mjs`.

export default (job) => `hello ${job.args[0]}`;
