// Converts between the contract's JSON and the values of the component's JavaScript: keys in
// snake_case and camelCase, and cases as `"disable"` or `{"email": "…"}` and as `{ tag, val }`.
import { readFileSync } from "node:fs";

/**
 * The type of a value: `null` for what is the same on both sides, the name of a type, or one of
 * these with a list or an option around it.
 * @typedef {null | string | { list: Type } | { option: Type }} Type
 */
/**
 * A record's fields, or a variant's cases, each with its payload if it has one.
 * @typedef {{ record: Record<string, Type> } | { variant: Record<string, [] | [payload: Type]> }} Definition
 */
/**
 * @typedef {object} Called
 * @property {string} interfaceName
 * @property {string} functionName
 * @property {[name: string, type: Type][]} parameters
 * @property {Type} result
 */

/** @type {{ types: Record<string, Definition>, functions: Record<string, Called>, modules: string[] }} */
const { types, functions, modules } = JSON.parse(
  readFileSync(new URL("plugin/contract.json", import.meta.url), "utf8"),
);

/** The files of the component's core modules. */
export const coreModules = modules;

/**
 * Finds a function by its path, e.g. `directory/find-user`, or by its name.
 * @param {string} name
 * @returns {Called}
 */
export function functionOf(name) {
  const path = Object.keys(functions).find((path) => path === name || path.endsWith(`/${name}`));
  const found = path === undefined ? undefined : functions[path];
  if (found === undefined) {
    throw new TypeError(`the contract has no function ${name}`);
  }
  return found;
}

/**
 * Converts a request, which is an object of the parameters, to the arguments after the connection.
 * @param {Called} called
 * @param {Record<string, unknown>} request
 */
export function toArguments({ parameters }, request) {
  const known = Object.fromEntries(parameters);
  const given = fromRecord(known, request, "request", (key) => key);
  return parameters.map(([name]) => given[name]);
}

/** @param {string} key */
const camel = (key) => key.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

/**
 * @param {Type} type
 * @param {unknown} value
 * @param {string} at
 * @returns {unknown}
 */
function fromJson(type, value, at) {
  if (type === null) {
    return value;
  }
  if (typeof type === "object") {
    if ("option" in type) {
      return value === null || value === undefined ? undefined : fromJson(type.option, value, at);
    }
    if (!Array.isArray(value)) {
      throw new TypeError(`${at} must be a list`);
    }
    return value.map((item, index) => fromJson(type.list, item, `${at}[${index}]`));
  }
  const definition = definitionOf(type);
  if ("record" in definition) {
    return fromRecord(definition.record, value, at, camel);
  }
  const [tag, payload] = typeof value === "string" ? [value] : (Object.entries(value ?? {})[0] ?? [""]);
  const payloadTypes = Object.hasOwn(definition.variant, tag) ? definition.variant[tag] : undefined;
  if (payloadTypes === undefined || (payloadTypes.length === 0) !== (typeof value === "string")) {
    throw new TypeError(`${at} must be a case of ${Object.keys(definition.variant).join(", ")}`);
  }
  const [payloadType] = payloadTypes;
  return payloadType === undefined
    ? { tag }
    : { tag, val: fromJson(payloadType, payload, `${at}.${tag}`) };
}

/**
 * @param {Record<string, Type>} fields
 * @param {unknown} value
 * @param {string} at
 * @param {(key: string) => string} spelled
 */
function fromRecord(fields, value, at, spelled) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${at} must be an object`);
  }
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
  if (unknown !== undefined) {
    throw new TypeError(`${at}.${unknown} is not in the contract`);
  }
  /** @type {Record<string, unknown>} */
  const record = {};
  for (const [key, type] of Object.entries(fields)) {
    const given = /** @type {Record<string, unknown>} */ (value)[key];
    const optional = type !== null && typeof type === "object" && "option" in type;
    if ((given === undefined || given === null) && !optional) {
      throw new TypeError(`${at}.${key} is missing`);
    }
    record[spelled(key)] = fromJson(type, given, `${at}.${key}`);
  }
  return record;
}

/**
 * Converts a value of the component to JSON. An option that is none is null.
 * @param {Type} type
 * @param {any} value
 * @returns {any}
 */
export function toJson(type, value) {
  if (type === null) {
    return value;
  }
  if (typeof type === "object") {
    if ("option" in type) {
      return value === undefined || value === null ? null : toJson(type.option, value);
    }
    return value.map((/** @type {unknown} */ item) => toJson(type.list, item));
  }
  const definition = definitionOf(type);
  if ("record" in definition) {
    const fields = Object.entries(definition.record);
    return Object.fromEntries(fields.map(([key, type]) => [key, toJson(type, value[camel(key)])]));
  }
  const [payloadType] = definition.variant[value.tag] ?? [];
  return payloadType === undefined ? value.tag : { [value.tag]: toJson(payloadType, value.val) };
}

/** @param {string} name */
function definitionOf(name) {
  const definition = types[name];
  if (definition === undefined) {
    throw new TypeError(`the contract has no type ${name}`);
  }
  return definition;
}
