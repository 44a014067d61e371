import { nodeTransport } from "../../src/transport/node.ts";
import { plainContract } from "./contract.ts";

plainContract(nodeTransport);
