// Makes ES modules and their types of the component: `node build.js retool_lifecycle.wasm`.
import { transpile, writeFiles } from "@bytecodealliance/jco-transpile";

const component = process.argv[2];
if (component === undefined) {
  throw new Error("which component? node build.js retool_lifecycle.wasm");
}

/**
 * @param {string} outDir
 * @param {Record<string, string>} map
 */
async function build(outDir, map) {
  const { files } = await transpile(component, {
    name: "retool_lifecycle",
    outDir,
    map,
    // Errors are thrown with the contract's variant as their `payload`, as the command does it.
    noComponentErrorWrapping: false,
  });
  await writeFiles(files);
}

// What the component imports comes from the shim, but for these two, which are ours.
await build("plugin", {
  "wasi:cli/environment": "../environment.js#environment",
  "wasi:http/*": "../egress.js#*",
});
// With nothing of ours: for check.js, which shows what that would let the component see.
await build("plugin-as-it-comes", {});
