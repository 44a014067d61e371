import { selectTransport } from "../../src/transport/select.ts";
import { plainContract } from "./contract.ts";

// Not at the top level, because a file without package.json counts as CommonJS in Node.
plainContract({
  name: "own",
  connect: async (target, options) => (await selectTransport()).connect(target, options),
});
