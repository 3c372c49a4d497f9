// Makes every call of a file of requests with the installed package, and checks what comes of each:
// RETOOL_API_TOKEN=… node every_function.js requests.json BASE-URL
import { readFileSync } from "node:fs";
import { Organisation, RetoolError } from "retool-lifecycle";

const [requests, baseUrl] = /** @type {[string, string]} */ (process.argv.slice(2));

/** @type {Record<string, any>} */
const results = {};

/**
 * Replaces each string `@FUNCTION/POINTER` with that part of an earlier result.
 * @param {any} request
 * @returns {any}
 */
function filled(request) {
  if (typeof request === "string" && request.startsWith("@")) {
    const [name = "", ...steps] = request.slice(1).split("/");
    return steps.reduce((value, step) => value[step], results[name]);
  }
  if (Array.isArray(request)) {
    return request.map(filled);
  }
  if (typeof request === "object" && request !== null) {
    return Object.fromEntries(Object.entries(request).map(([key, value]) => [key, filled(value)]));
  }
  return request;
}

/**
 * Returns whether a value has everything that the file expects; see requests.md.
 * @param {any} part
 * @param {any} value
 * @returns {boolean}
 */
function fits(part, value) {
  if (Array.isArray(part)) {
    return Array.isArray(value) && part.length === value.length && part.every((each, at) => fits(each, value[at]));
  }
  if (typeof part === "object" && part !== null) {
    return typeof value === "object" && value !== null && Object.keys(part).every((key) => fits(part[key], value[key]));
  }
  return part === (value ?? null);
}

const acme = new Organisation(
  { baseUrl, dialect: "v1" },
  { tokens: { RETOOL_API_TOKEN: process.env.RETOOL_API_TOKEN ?? "" } },
);
for (const each of JSON.parse(readFileSync(requests, "utf8"))) {
  const name = each.function;
  let got;
  let expected = each.result;
  try {
    got = await acme.callJson(name, filled(each.request));
    results[name.split("/").at(-1)] = got;
  } catch (error) {
    if (!(error instanceof RetoolError) || error.payload.tag === "execution-failed") {
      throw error;
    }
    got = { [error.payload.tag]: error.payload.val };
    expected = each.error;
  }
  if (expected === undefined || !fits(expected, got)) {
    throw new Error(`${name}: ${JSON.stringify(got)} is not as ${JSON.stringify(each)}`);
  }
  console.log(`ok: ${name}`);
}
