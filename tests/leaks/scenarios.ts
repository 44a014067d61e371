import { consumerScenarios } from "./consumer_scenarios.ts";
import { otherScenarios } from "./other_scenarios.ts";
import { producerScenarios } from "./producer_scenarios.ts";
import type { Scenario } from "./setting.ts";

/** All scenarios that must not leave anything behind, by name. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  ...producerScenarios,
  ...consumerScenarios,
  ...otherScenarios,
};
