// A class for one organisation, which calls the component in threads of its own.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { coreModules, functionOf, toArguments, toJson } from "./json.js";
import { MINIMUM_TOKEN } from "./mask.js";

/** @typedef {import("./index.d.ts").Connection} Connection */
/** @typedef {import("./index.d.ts").Payload} Payload */

/** @typedef {{ value?: any, payload?: Payload, trap?: string }} Answer */

/** How long a thread waits for the next call before it ends. */
const IDLE_MS = 30_000;

/** @type {Promise<Record<string, WebAssembly.Module>> | undefined} */
let modules;

/** Compiles the component, once in this process; the threads share the code. */
function compiled() {
  modules ??= Promise.all(
    coreModules.map(async (name) => {
      const bytes = await readFile(new URL(`plugin/${name}`, import.meta.url));
      return /** @type {const} */ ([name, await WebAssembly.compile(bytes)]);
    }),
  ).then(Object.fromEntries);
  // What could not be read may be there for the next call.
  modules.catch(() => (modules = undefined));
  return modules;
}

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

/** A thread that runs one call at a time. */
class Thread {
  #worker;
  /** @type {{ resolve: (answer: Answer) => void, reject: (reason: unknown) => void } | undefined} */
  #waiting;
  #ended = false;

  /** @param {Record<string, unknown>} workerData */
  constructor(workerData) {
    this.#worker = new Worker(new URL("worker.js", import.meta.url), { env: {}, workerData });
    this.#worker.on("message", (answer) => this.#waiting?.resolve(answer));
    this.#worker.on("messageerror", (error) => this.end(error));
    this.#worker.on("error", (error) => this.end(error));
    this.#worker.on("exit", () => this.end(new Error("the thread ended without an answer")));
  }

  get ended() {
    return this.#ended;
  }

  /**
   * @param {Record<string, unknown>} call
   * @returns {Promise<Answer>}
   */
  run(call) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.ref();
      this.#worker.postMessage(call);
    });
  }

  /** Lets the process end while the thread waits for the next call. */
  rest() {
    this.#waiting = undefined;
    this.#worker.unref();
  }

  /**
   * Ends the thread. A call that it runs fails for this reason.
   * @param {unknown} [reason]
   */
  end(reason) {
    this.#ended = true;
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
    return this.#worker.terminate();
  }
}

export class Organisation {
  #connection;
  #origin;
  #environment;
  /** @type {[placeholder: string, token: string][]} */
  #tokens = [];
  /** @type {{ thread: Thread, timer: NodeJS.Timeout }[]} */
  #idle = [];

  /**
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
   * @param {string} interfaceName
   * @param {string} functionName
   * @param {unknown[]} rest
   * @param {{ connection?: Partial<Connection>, signal?: AbortSignal }} [options]
   * @returns {Promise<any>}
   */
  async call(interfaceName, functionName, rest, { connection, signal } = {}) {
    signal?.throwIfAborted();
    const modules = await compiled();
    signal?.throwIfAborted();
    const args = [{ ...this.#connection, ...connection }, ...rest];
    const thread = this.#thread(modules);
    const stop = () => thread.end(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
    try {
      const { value, payload, trap } = await thread.run({ interfaceName, functionName, args });
      if (trap !== undefined) {
        throw new Error(`the component failed in ${functionName}: ${trap}`);
      }
      this.#keep(thread);
      if (payload !== undefined) {
        throw new RetoolError(payload);
      }
      return value;
    } catch (error) {
      if (!(error instanceof RetoolError)) {
        thread.end();
      }
      throw error;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /**
   * @param {string} name
   * @param {Record<string, unknown>} [request]
   * @param {{ signal?: AbortSignal }} [options]
   */
  async callJson(name, request = {}, options = {}) {
    const called = functionOf(name);
    const rest = toArguments(called, request);
    const value = await this.call(called.interfaceName, called.functionName, rest, options);
    return toJson(called.result, value);
  }

  async close() {
    const idle = this.#idle.splice(0);
    await Promise.all(idle.map(({ thread, timer }) => (clearTimeout(timer), thread.end())));
  }

  /**
   * Takes an idle thread of this organisation, or starts one.
   * @param {Record<string, WebAssembly.Module>} modules
   */
  #thread(modules) {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.timer);
      if (!idle.thread.ended) {
        return idle.thread;
      }
    }
    return new Thread({
      modules,
      environment: this.#environment,
      origin: this.#origin,
      tokens: this.#tokens,
    });
  }

  /**
   * Keeps a thread for the next call.
   * @param {Thread} thread
   */
  #keep(thread) {
    thread.rest();
    const forget = () => {
      this.#idle = this.#idle.filter((idle) => idle.thread !== thread);
      thread.end();
    };
    this.#idle.push({ thread, timer: setTimeout(forget, IDLE_MS).unref() });
  }
}
