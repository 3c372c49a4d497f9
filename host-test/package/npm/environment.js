// `wasi:cli/environment` for the component: only the chosen variables. The shim's own has all
// variables of the process.
import { workerData } from "node:worker_threads";

/** @type {[string, string][]} */
const chosen = Object.entries(workerData.environment);

export const environment = {
  /** @returns {[string, string][]} */
  getEnvironment: () => chosen,
  /** @returns {string[]} */
  getArguments: () => [],
  /** @returns {undefined} */
  initialCwd: () => undefined,
};
