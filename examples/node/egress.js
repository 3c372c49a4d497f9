// `wasi:http` for the component: requests go to one origin, and the tokens are put into them on
// the way out. The component has placeholders.
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

/** A request that goes out with the tokens, and shows the component what it wrote itself. */
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
    // Before a socket is opened, so that a request elsewhere takes no token anywhere.
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
