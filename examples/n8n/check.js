// node check.js DOOR THROTTLED-DOOR: follows the workflow over doors, without n8n. It knows only the kinds of nodes
// that the workflow has. Waits are noted, and not made.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const TOKEN = "open-sesame";
const workflow = JSON.parse(readFileSync(new URL("provision.json", import.meta.url)));
const nodes = new Map(workflow.nodes.map((node) => [node.name, node]));

/** Evaluates a parameter as n8n does: text after `=` has expressions in `{{ }}`. */
function evaluate(value, scope) {
  if (typeof value !== "string" || !value.startsWith("=")) return value;
  const run = (code) => new Function(...Object.keys(scope), `return (${code})`)(...Object.values(scope));
  const whole = value.match(/^=\{\{((?:(?!\}\}\s*\S).)*)\}\}$/s);
  if (whole) return run(whole[1]);
  return value.slice(1).replace(/\{\{(.*?)\}\}/gs, (_, code) => run(code));
}

async function send(parameters, of) {
  assert.equal(parameters.genericAuthType, "httpBearerAuth");
  const answer = await fetch(of(parameters.url), {
    method: parameters.method,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: of(parameters.jsonBody),
  });
  return { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.json() };
}

/** Follows the workflow from its trigger. Returns the last output, the error, and the waits in seconds. */
async function follow(door, change) {
  const outputs = new Map();
  const runs = new Map();
  const waits = [];
  let json = {};
  let name = workflow.nodes.find((node) => node.type.endsWith("Trigger")).name;
  for (;;) {
    const { type, parameters } = nodes.get(name);
    const runIndex = runs.get(name) ?? 0;
    runs.set(name, runIndex + 1);
    const of = (value) =>
      evaluate(value, {
        $json: json,
        $env: { DOOR_URL: door },
        $runIndex: runIndex,
        $: (other) => ({ item: { json: outputs.get(other) } }),
      });
    let output = 0;
    switch (type.replace("n8n-nodes-base.", "")) {
      case "manualTrigger":
        break;
      case "set":
        json = JSON.parse(of(parameters.jsonOutput));
        if (name === "Person") json = { ...json, ...change };
        break;
      case "httpRequest":
        json = await send(parameters, of);
        break;
      case "if":
        output = of(parameters.conditions.conditions[0].leftValue) ? 0 : 1;
        break;
      case "wait":
        waits.push(of(parameters.amount));
        break;
      case "stopAndError":
        return { error: of(parameters.errorMessage), waits };
      default:
        assert.fail(`${name} is of the type ${type}`);
    }
    outputs.set(name, json);
    const next = workflow.connections[name]?.main[output] ?? [];
    if (next.length === 0) return { json, waits };
    [{ node: name }] = next;
  }
}

for (const { main } of Object.values(workflow.connections)) {
  for (const { node } of main.flat()) assert(nodes.has(node), node);
}
const [door, throttled] = process.argv.slice(2);

const created = await follow(door, {});
assert.equal(created.json?.outcome, "created", JSON.stringify(created));
assert.equal((await follow(door, {})).json.outcome, "unchanged");
console.log("ok: a person is created once");

const wrong = await follow(door, { email: "ada" });
assert.match(wrong.error, /^invalid-email: /);
assert.deepEqual(wrong.waits, []);
console.log(`ok: an error that is permanent is not repeated: ${wrong.error}`);

const later = await follow(throttled, {});
assert.match(later.error, /^rate-limited: /);
assert.equal(later.waits.length, 5);
assert(later.waits.every((seconds) => seconds >= 1), JSON.stringify(later.waits));
console.log(`ok: an error that may pass is repeated after ${later.waits.join(", ")} s`);
