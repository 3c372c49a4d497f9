// Makes ES modules of the component, and their types of its WIT package: two files of a release.
// node build.js retool_lifecycle.wasm retool_lifecycle.wit.wasm
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
    // A component carries no documentation, so its types come from the WIT package.
    emitTypescriptDeclarations: false,
    // Errors are thrown with the contract's variant as their `payload`, as the command does it.
    noComponentErrorWrapping: false,
  });
  const types = await generateHostTypes(contract, { name, outDir, worldName: "plugin" });
  await writeFiles({ ...files, ...types });
}

// What the component imports comes from the shim, but for these two, which are ours.
await build("plugin", {
  "wasi:cli/environment": "../environment.js#environment",
  "wasi:http/*": "../egress.js#*",
});
// With nothing of ours: check.js shows what the component would see then.
await build("plugin-as-it-comes", {});
