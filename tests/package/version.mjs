// Fails if another version of the runtime runs the program than the gate expects.

const { EXPECTED_VERSION: expected = process.version } = process.env;
if (process.version !== expected) {
  throw new Error(`The version is ${process.version}, not ${expected}`);
}
