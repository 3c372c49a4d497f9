// `wasi:http` for the component: allows requests to one origin, replaces the component's
// placeholders in them with the tokens, and masks the tokens in answers.
import { workerData } from "node:worker_threads";
import { outgoingHandler as shim, types as shimTypes } from "@bytecodealliance/preview2-shim/http";
import { Mask } from "./mask.js";

/** @type {string} */
const origin = workerData.origin;
/** @type {[placeholder: string, token: string][]} */
const tokens = workerData.tokens;

/** @param {InstanceType<typeof shimTypes.Fields>} headers */
function withTokens(headers) {
  const copy = headers.clone();
  const values = headers.get("authorization").map((bytes) => {
    const value = new TextDecoder().decode(bytes);
    // The placeholder must be the whole credential, so that no other value has the token in it.
    const [, scheme, credential] = /^(.* )?(.*)$/s.exec(value) ?? [];
    const held = tokens.find(([placeholder]) => placeholder === credential);
    return held ? new TextEncoder().encode(`${scheme ?? ""}${held[1]}`) : bytes;
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
    const future = shim.handle(request, options);
    const get = future.get.bind(future);
    future.get = () => {
      const answer = get();
      if (answer?.tag === "ok" && answer.val.tag === "ok") {
        maskAnswer(answer.val.val);
      }
      return answer;
    };
    return future;
  },
};

/** @param {"body" | "header"} place */
const newMask = (place) => new Mask(tokens.map(([, token]) => token), place);

/**
 * Masks the tokens in an answer, whatever its status: the component can't recognize a token that it
 * was not given.
 * @param {(typeof shimTypes.IncomingResponse)["prototype"]} response
 */
function maskAnswer(response) {
  const headers = maskFields(response.headers());
  response.headers = () => headers;
  const consume = response.consume.bind(response);
  response.consume = () => {
    const body = consume();
    const open = body.stream.bind(body);
    body.stream = () => maskStream(open());
    return body;
  };
}

/**
 * Not a copy: no copy may have the headers that only a server sets.
 * @param {InstanceType<typeof shimTypes.Fields>} fields
 */
function maskFields(fields) {
  const get = fields.get.bind(fields);
  const entries = fields.entries.bind(fields);
  const clone = fields.clone.bind(fields);
  fields.get = (name) => get(name).map((value) => newMask("header").whole(value));
  fields.entries = () =>
    entries().map(([name, value]) => [name, newMask("header").whole(value)]);
  fields.clone = () => maskFields(clone());
  return fields;
}

/** @param {ReturnType<(typeof shimTypes.IncomingBody)["prototype"]["stream"]>} stream */
function maskStream(stream) {
  const mask = newMask("body");
  let ready = new Uint8Array();
  /** @type {{ closed: unknown } | undefined} */
  let end;
  /**
   * @param {(length: bigint) => Uint8Array} read
   * @param {bigint} length
   */
  const masked = (read, length) => {
    if (ready.length === 0 && end === undefined) {
      try {
        ready = mask.take(read(length));
      } catch (closed) {
        end = { closed };
        // After another failure, the rest is not shown.
        ready = isClosed(closed) ? mask.finish() : ready;
      }
    }
    if (ready.length === 0 && end !== undefined) {
      throw end.closed;
    }
    const text = ready.slice(0, Number(length));
    ready = ready.slice(text.length);
    return text;
  };
  const read = stream.read.bind(stream);
  const blockingRead = stream.blockingRead.bind(stream);
  stream.read = (length) => masked(read, length);
  stream.blockingRead = (length) => {
    for (;;) {
      // A piece may end in the beginning of a token, which waits for the next.
      const text = masked(blockingRead, length);
      if (text.length > 0 || length === 0n) {
        return text;
      }
    }
  };
  stream.skip = (length) => BigInt(stream.read(length).length);
  stream.blockingSkip = (length) => BigInt(stream.blockingRead(length).length);
  return stream;
}

/** @param {unknown} error */
function isClosed(error) {
  const { tag, payload } = /** @type {{ tag?: string, payload?: { tag?: string } }} */ (error);
  return tag === "closed" || payload?.tag === "closed";
}

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
