/** What the tests in workerd share: a Worker's `test()` handler fails where this throws. */

export function equal(actual, expected) {
  const [got, wanted] = [actual, expected].map((value) => JSON.stringify(value));
  if (got !== wanted) throw new Error(`It is ${got}, not ${wanted}`);
}

/** The code of what a promise rejects with, and `none` where it does not. */
export async function codeOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error.code;
  }
  return "none";
}

/** A Worker that runs these tests, each of which is given its `env`. */
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
