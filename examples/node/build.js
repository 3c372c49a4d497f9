// Generates ES modules from the component, and their types from its WIT package. Both files are in
// a release: node build.js retool_lifecycle.wasm retool_lifecycle.wit.wasm
import { generateHostTypes, transpile, writeFiles } from "@bytecodealliance/jco-transpile";

const [component, contract] = process.argv.slice(2);
if (component === undefined || contract === undefined) {
  throw new Error("usage: node build.js retool_lifecycle.wasm retool_lifecycle.wit.wasm");
}

const name = "retool_lifecycle";

/**
 * @param {string} outDir
 * @param {Record<string, string>} map
 */
async function build(outDir, map) {
  const { files } = await transpile(component, {
    name,
    outDir,
    map,
    // A component contains no documentation, so the types come from the WIT package.
    emitTypescriptDeclarations: false,
    // Errors are thrown with the contract's variant as their `payload`, like jco's command does.
    noComponentErrorWrapping: false,
  });
  const types = await generateHostTypes(contract, { name, outDir, worldName: "plugin" });
  await writeFiles({ ...files, ...types });
}

// All imports of the component come from the shim, except these two, which are implemented here.
await build("plugin", {
  "wasi:cli/environment": "../environment.js#environment",
  "wasi:http/*": "../egress.js#*",
});
// All imports come from the shim. check.js tests what the component would see then.
await build("plugin-as-it-comes", {});
