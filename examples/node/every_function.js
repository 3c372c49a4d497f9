// Makes every call of a file of requests with the installed package, and prints what came of each:
// RETOOL_API_TOKEN=… node every_function.js requests.json BASE-URL
import { readFileSync } from "node:fs";
import { Organisation, RetoolError } from "retool-lifecycle";

const [requests, baseUrl] = /** @type {[string, string]} */ (process.argv.slice(2));

/** The fields that say what came of a call, and differ between no two runs. */
const TOLD = new Set(["outcome", "created", "healthy", "status", "kind", "certainty"]);

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
 * Returns what the fields of a result say, in the order of their names.
 * @param {any} value
 * @returns {string[]}
 */
function told(value) {
  if (Array.isArray(value)) {
    return value.flatMap(told);
  }
  if (typeof value !== "object" || value === null) {
    return [];
  }
  return Object.keys(value).sort().flatMap((key) => {
    const text = TOLD.has(key) && ["string", "boolean"].includes(typeof value[key]);
    return [...(text ? [`${key}=${JSON.stringify(value[key])}`] : []), ...told(value[key])];
  });
}

const acme = new Organisation(
  { baseUrl, dialect: "v1" },
  { tokens: { RETOOL_API_TOKEN: process.env.RETOOL_API_TOKEN ?? "" } },
);
for (const [name, request] of JSON.parse(readFileSync(requests, "utf8"))) {
  try {
    const result = await acme.callJson(name, filled(request));
    results[name.split("/").at(-1)] = result;
    console.log(name, ...told(result));
  } catch (error) {
    if (!(error instanceof RetoolError) || error.payload.tag === "execution-failed") {
      throw error;
    }
    console.log(name, error.payload.tag, error.payload.val.code);
  }
}
