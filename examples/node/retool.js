// A class for one organisation, which calls the component.
import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import { MINIMUM_TOKEN } from "./mask.js";

/** @typedef {typeof import("./plugin/retool_lifecycle.js")} Plugin */
/** @typedef {import("./plugin/retool_lifecycle.js").types.Connection} Connection */
/** @typedef {import("./plugin/retool_lifecycle.js").types.Error} Payload */
/** @typedef {"diagnostics" | "directory" | "groups" | "lifecycle" | "synchronization"} Interface */
/**
 * What a function takes after the connection.
 * @template F
 * @typedef {F extends (connection: Connection, ...rest: infer Rest) => any ? Rest : never} Rest
 */
/**
 * @template F
 * @typedef {F extends (...args: any) => infer Value ? Value : never} Value
 */

/** The contract's error: `payload.tag` is its case, `payload.val` has the details. */
export class RetoolError extends Error {
  /** @param {Payload} payload */
  constructor(payload) {
    super(payload.tag === "execution-failed" ? payload.tag : payload.val.message);
    this.name = "RetoolError";
    this.payload = payload;
  }
}

/**
 * Returns the origin of a base URL. Fails if a token may not be sent there: over plain HTTP, only
 * this machine is reached.
 * @param {string} baseUrl
 */
export function originOf(baseUrl) {
  const { origin, protocol, hostname, username, password } = new URL(baseUrl);
  const loopback = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/.test(hostname);
  if (username !== "" || password !== "") {
    throw new TypeError("the base URL must have no user information");
  }
  if (protocol !== "https:" && !(protocol === "http:" && loopback)) {
    throw new TypeError("the base URL must be https, or http to a loopback address");
  }
  return origin;
}

export class Organisation {
  #connection;
  #origin;
  #environment;
  /** @type {[placeholder: string, token: string][]} */
  #tokens = [];

  /**
   * `tokens` are variables too, but the component gets placeholders instead of their values, and
   * asterisks where a server repeats one. A token must have 8 characters or more.
   * @param {Connection} connection
   * @param {{ tokens: Record<string, string>, variables?: Record<string, string> }} environment
   */
  constructor(connection, { tokens, variables = {} }) {
    this.#connection = connection;
    this.#origin = originOf(connection.baseUrl);
    this.#environment = { ...variables };
    for (const [name, token] of Object.entries(tokens)) {
      if (token === "") {
        // The component reports that it is missing.
        this.#environment[name] = token;
        continue;
      }
      if (token.length < MINIMUM_TOKEN) {
        throw new TypeError(`the token in ${name} is too short to be masked in answers`);
      }
      const placeholder = `placeholder-${randomUUID()}`;
      this.#environment[name] = placeholder;
      this.#tokens.push([placeholder, token]);
    }
  }

  /**
   * Calls a function. Fails with a `RetoolError`. If the component could not be run, or was stopped
   * through `signal`, fails with another `Error`; it is then not known what was written.
   * @template {Interface} I
   * @template {keyof Plugin[I] & string} F
   * @param {I} interfaceName
   * @param {F} functionName
   * @param {Rest<Plugin[I][F]>} rest
   * @param {{ connection?: Partial<Connection>, signal?: AbortSignal }} [options]
   * @returns {Promise<Value<Plugin[I][F]>>}
   */
  call(interfaceName, functionName, rest, { connection, signal } = {}) {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const worker = new Worker(new URL("worker.js", import.meta.url), {
        env: {},
        workerData: {
          interfaceName,
          functionName,
          args: [{ ...this.#connection, ...connection }, ...rest],
          environment: this.#environment,
          origin: this.#origin,
          tokens: this.#tokens,
        },
      });
      const stop = () => {
        reject(signal?.reason);
        worker.terminate();
      };
      signal?.addEventListener("abort", stop, { once: true });
      worker.once("message", ({ value, payload, trap }) => {
        if (payload !== undefined) {
          reject(new RetoolError(payload));
        } else if (trap !== undefined) {
          reject(new Error(`the component failed in ${functionName}: ${trap}`));
        } else {
          resolve(value);
        }
      });
      worker.once("error", reject);
      worker.once("exit", () => {
        signal?.removeEventListener("abort", stop);
        reject(new Error(`the worker of ${functionName} ended without an answer`));
      });
    });
  }
}
