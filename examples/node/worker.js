// Runs one call. It needs its own worker, because the component blocks while it waits.
import { parentPort, workerData } from "node:worker_threads";

const plugin = /** @type {Record<string, any>} */ (await import("./plugin/retool_lifecycle.js"));
const { interfaceName, functionName, args } = workerData;

try {
  parentPort?.postMessage({ value: plugin[interfaceName][functionName](...args) });
} catch (error) {
  // The contract's error, or the engine's: a trap.
  const { payload } = /** @type {{ payload?: unknown }} */ (error);
  parentPort?.postMessage(payload === undefined ? { trap: String(error) } : { payload });
}
