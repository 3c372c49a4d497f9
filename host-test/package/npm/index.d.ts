import type * as Plugin from "./plugin/retool_lifecycle.js";

/** The contract's types, by interface: `types.User`, `lifecycle.ProvisionRequest`. */
export type * from "./plugin/retool_lifecycle.js";

export type Connection = Plugin.types.Connection;
export type Payload = Plugin.types.Error;
export type Interface = "diagnostics" | "directory" | "groups" | "lifecycle" | "synchronization";

/** What a function takes after the connection. */
export type Rest<F> = F extends (connection: Connection, ...rest: infer Rest) => any ? Rest : never;
/** What a function returns. */
export type Value<F> = F extends (...args: any) => infer Value ? Value : never;

/** The contract's error: `payload.tag` is its case, `payload.val` has the details. */
export class RetoolError extends Error {
  constructor(payload: Payload);
  payload: Payload;
}

/**
 * Returns the origin of a base URL. Fails if a token may not be sent there: over plain HTTP, only
 * this machine is reached.
 */
export function originOf(baseUrl: string): string;

/**
 * One organisation. Its calls run in threads that no other organisation uses, and that are kept for
 * the next call, as is the instance of the component in each. The component is compiled once in a
 * process. It reaches the origin of the base URL and no other.
 */
export class Organisation {
  /**
   * The component's environment. `tokens` are variables too, but the component gets placeholders
   * instead of their values, and asterisks where a server repeats one. A token must have 8
   * characters or more.
   */
  constructor(
    connection: Connection,
    environment: { tokens: Record<string, string>; variables?: Record<string, string> },
  );

  /**
   * Calls a function. Fails with a `RetoolError`. If the component could not be run, or was stopped
   * through `signal`, fails with another `Error`; it is then not known what was written.
   */
  call<I extends Interface, F extends keyof (typeof Plugin)[I] & string>(
    interfaceName: I,
    functionName: F,
    rest: Rest<(typeof Plugin)[I][F]>,
    options?: { connection?: Partial<Connection>; signal?: AbortSignal },
  ): Promise<Value<(typeof Plugin)[I][F]>>;

  /**
   * Calls a function with the contract's JSON, the form of the command and of the door over HTTP: the
   * request is an object of its parameters. Returns the result as JSON. A function is named as
   * `find-user` or `directory/find-user`. Fails as `call` does, and with a `TypeError` for a request
   * that is not of the contract.
   */
  callJson(
    name: string,
    request?: Record<string, unknown>,
    options?: { signal?: AbortSignal },
  ): Promise<any>;

  /**
   * Ends the threads that wait for the next call. They end by themselves after half a minute, and do
   * not keep the process from ending.
   */
  close(): Promise<void>;
}
