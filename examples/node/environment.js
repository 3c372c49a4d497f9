// `wasi:cli/environment` for the component: the chosen variables. The shim's own shows it the
// environment of the whole process.
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
