/** The API: requests with the reader's token, and its problems. */

import { isExpired, token } from "./session.js";
import { askForToken } from "./sign-in.js";

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_MODIFIED = 304;

/** What the API, or the gateway in front of it, has refused. */
export class Problem extends Error {
  /** @param {Object} details problem details (RFC 9457); a gateway has a message only */
  constructor(status, details) {
    super(details.detail ?? details.message ?? `The service answered ${status}.`);
    this.title = details.title ?? "That did not work";
    this.status = status;
    this.details = details;
  }
}

/** The API could not be reached. */
export class Unreachable extends Problem {
  constructor() {
    super(0, { title: "No connection", detail: "The service cannot be reached. Your view stays as it is." });
  }
}

/**
 * Sends a request. Who is not signed in, or not any more, is asked to, and then it goes on: every request here can be
 * sent twice without harm.
 * @param {{query?: Object, body?: Object, headers?: Object, signal?: AbortSignal}} options
 * @returns {Promise<Object|null>} null where the reader has it already (304)
 * @throws {Problem}
 */
async function call(method, path, options = {}) {
  if (isExpired()) await askForToken(token() ? "expired" : "missing");
  const { status, isGood, data } = await send(method, path, options);
  if (isGood || status === NOT_MODIFIED) return data;
  // The gateway refuses tokens, the API scopes, which has a code.
  if (status === UNAUTHORIZED || (status === FORBIDDEN && !data.code)) {
    await askForToken("refused");
    return call(method, path, options);
  }
  throw new Problem(status, data);
}

async function send(method, path, { query = {}, body, headers = {}, signal }) {
  const target = Object.keys(query).length ? `${path}?${new URLSearchParams(query)}` : path;
  const type = body && { "Content-Type": "application/json" };
  try {
    const response = await fetch(target, {
      method,
      headers: { Authorization: `Bearer ${token()}`, ...type, ...headers },
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal,
    });
    const { status, ok } = response;
    return { status, isGood: ok, data: status === NOT_MODIFIED ? null : await response.json() };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

/** An order with its timeline; null if it is still at the version that the reader has. */
export function readOrder(id, version) {
  const headers = version ? { "If-None-Match": tag(version) } : {};
  return call("GET", orderPath(id), { query: { include: "timeline" }, headers });
}

/** A page of orders. @param {Object} query the API's parameters */
export function listOrders(query, signal) {
  return call("GET", "/v1/orders", { query, signal });
}

export function cancelOrder({ id, version }, reason) {
  return call("POST", `${orderPath(id)}/cancel`, { body: { reason }, headers: { "If-Match": tag(version) } });
}

/** @param {Object} change the new status, and what goes with it */
export function updateOrder({ id, version }, change) {
  return call("PUT", `${orderPath(id)}/status`, { body: change, headers: { "If-Match": tag(version) } });
}

/** Places an order: of the items in the body, or of a customer's cart where there is none. */
export function placeOrder(key, { customer, body }) {
  const path = customer ? `/v1/customers/${encodeURIComponent(customer)}/orders` : "/v1/orders";
  return call("POST", path, { body, headers: { "Idempotency-Key": key } });
}

function orderPath(id) {
  return `/v1/orders/${encodeURIComponent(id)}`;
}

function tag(version) {
  return `"v${version}"`;
}
