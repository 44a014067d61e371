// Handlers for the bundled command.

export default { greet: () => {} };
