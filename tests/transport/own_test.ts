import { selectTransport } from "../../src/transport/select.ts";
import { plainContract } from "./contract.ts";

// Not at the top level: a file without package.json counts as CommonJS under Node.
plainContract({
  name: "own",
  connect: async (target, options) => (await selectTransport()).connect(target, options),
});
