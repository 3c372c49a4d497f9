// `wasi:http` for the component: allows requests to one origin, and replaces the component's
// placeholders in them with the tokens.
import { workerData } from "node:worker_threads";
import { outgoingHandler as shim, types as shimTypes } from "@bytecodealliance/preview2-shim/http";

/** @type {string} */
const origin = workerData.origin;
/** @type {[placeholder: string, token: string][]} */
const tokens = workerData.tokens;

/** @param {InstanceType<typeof shimTypes.Fields>} headers */
function withTokens(headers) {
  const copy = headers.clone();
  const values = headers.get("authorization").map((bytes) => {
    let value = new TextDecoder().decode(bytes);
    for (const [placeholder, token] of tokens) {
      value = value.replaceAll(placeholder, () => token);
    }
    return new TextEncoder().encode(value);
  });
  if (values.length > 0) {
    copy.set("authorization", values);
  }
  return copy;
}

/** A request that is sent with the tokens. The component still sees the headers that it set. */
class OutgoingRequest extends shimTypes.OutgoingRequest {
  #written;

  /** @param {InstanceType<typeof shimTypes.Fields>} headers */
  constructor(headers) {
    super(withTokens(headers));
    this.#written = headers;
  }

  headers() {
    return this.#written.clone();
  }
}

export const types = { ...shimTypes, OutgoingRequest };

export const outgoingHandler = {
  /** @type {typeof shim.handle} */
  handle(request, options) {
    // Check this before a socket is opened, so that no token is sent to another origin.
    if (originOf(request) !== origin) {
      throw { tag: "HTTP-request-denied" };
    }
    return shim.handle(request, options);
  },
};

/** @param {InstanceType<typeof shimTypes.OutgoingRequest>} request */
function originOf(request) {
  const scheme = request.scheme();
  const name = scheme?.tag === "other" ? scheme.val : (scheme?.tag ?? "https");
  try {
    return new URL(`${name.toLowerCase()}://${request.authority()}`).origin;
  } catch {
    return undefined;
  }
}
