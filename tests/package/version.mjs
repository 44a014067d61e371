// Ends the program where it is another version of its runtime that runs it than the gate means.

const { EXPECTED_VERSION: expected = process.version } = process.env;
if (process.version !== expected) {
  throw new Error(`It is ${process.version} that runs, not ${expected}`);
}
