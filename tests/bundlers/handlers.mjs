// The jobs that the bundled command runs.

export default { greet: () => {} };
