/** Shared by the tests in workerd. A Worker's `test()` handler fails if this throws. */

export function equal(actual, expected) {
  const [got, wanted] = [actual, expected].map((value) => JSON.stringify(value));
  if (got !== wanted) throw new Error(`It is ${got}, not ${wanted}`);
}

/** Returns the code of the error that a promise rejects with; `none` if it resolves. */
export async function codeOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error.code;
  }
  return "none";
}

/** Returns a Worker that runs tests. Each test gets its `env`. */
export function testing(tests) {
  return {
    async test(_controller, env) {
      for (const [name, test] of Object.entries(tests)) {
        try {
          await test(env);
        } catch (cause) {
          throw new Error(`${name}: ${cause?.stack ?? cause}`);
        }
        console.log(`workerd: ${name}`);
      }
    },
  };
}
