// Runs calls of one organisation, one after the other, in one instance of the component. It needs a
// thread of its own, because the component blocks while it waits.
import { parentPort, workerData } from "node:worker_threads";
import { stderr } from "@bytecodealliance/preview2-shim/cli";
import { monotonicClock, wallClock } from "@bytecodealliance/preview2-shim/clocks";
import { error, poll, streams } from "@bytecodealliance/preview2-shim/io";
import { random } from "@bytecodealliance/preview2-shim/random";
import { outgoingHandler, types } from "./egress.js";
import { environment } from "./environment.js";
import { instantiate } from "./plugin/component.js";

/** All that the component imports. It gets nothing else. */
const imports = {
  "wasi:cli/environment": environment,
  "wasi:cli/stderr": stderr,
  "wasi:clocks/monotonic-clock": monotonicClock,
  "wasi:clocks/wall-clock": wallClock,
  "wasi:http/outgoing-handler": outgoingHandler,
  "wasi:http/types": types,
  "wasi:io/error": error,
  "wasi:io/poll": poll,
  "wasi:io/streams": streams,
  "wasi:random/random": random,
};

/** An instance whose memory has grown larger than this is not used again. */
const MAX_KEPT_MEMORY = 64 * 1024 * 1024;

/** @type {Record<string, any> | undefined} */
let plugin;
/** @type {WebAssembly.Memory | undefined} */
let memory;

/** Creates an instance from the core modules, which the main thread has compiled. */
function instance() {
  return instantiate(
    (name) => workerData.modules[name],
    imports,
    (module, needed) => {
      const core = new WebAssembly.Instance(module, needed);
      if (core.exports.memory instanceof WebAssembly.Memory) {
        memory = core.exports.memory;
      }
      return core;
    },
  );
}

parentPort?.on("message", ({ interfaceName, functionName, args }) => {
  try {
    plugin ??= instance();
    parentPort?.postMessage({ value: plugin[interfaceName][functionName](...args) });
  } catch (thrown) {
    // The contract's error, or the engine's: a trap, after which this thread gets no other call.
    const { payload } = /** @type {{ payload?: unknown }} */ (thrown);
    parentPort?.postMessage(payload === undefined ? { trap: String(thrown) } : { payload });
  }
  if (memory !== undefined && memory.buffer.byteLength > MAX_KEPT_MEMORY) {
    plugin = undefined;
    memory = undefined;
  }
});
