/** Requests to the API with the user's token, and its errors. */

import { isExpired, token } from "./session.js";
import { askForToken } from "./sign-in.js";

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_MODIFIED = 304;

/** An error response of the API, or of the gateway in front of it. */
export class Problem extends Error {
  /** @param {Object} details problem details (RFC 9457); the gateway's have only a message */
  constructor(status, details) {
    super(details.detail ?? details.message ?? `The service returned status ${status}.`);
    this.title = details.title ?? "Request failed";
    this.status = status;
    this.details = details;
  }
}

export class Unreachable extends Problem {
  constructor() {
    super(0, { title: "No connection", detail: "The service is unreachable. Try again later." });
  }
}

/**
 * Sends a request. Asks for a token if there is none, or if it has expired or is rejected, and then repeats the
 * request: all requests here are safe to repeat.
 * @param {{query?: Object, body?: Object, headers?: Object, signal?: AbortSignal}} options
 * @returns {Promise<Object|null>} null if nothing has changed (304)
 * @throws {Problem}
 */
async function call(method, path, options = {}) {
  if (isExpired()) await askForToken(token() ? "expired" : "missing");
  const { status, isGood, data } = await send(method, path, options);
  if (isGood || status === NOT_MODIFIED) return data;
  // A 403 without a code is from the gateway and rejects the token; with a code it is from the API.
  if (status === UNAUTHORIZED || (status === FORBIDDEN && !data.code)) {
    await askForToken("rejected");
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

/** Reads an order with its timeline; null if it is still as it was when it was read before. */
export function readOrder(id, before) {
  const headers = before ? { "If-None-Match": tag(before) } : {};
  return call("GET", orderPath(id), { query: { include: "timeline" }, headers });
}

export function listOrders(query, signal) {
  return call("GET", "/v1/orders", { query, signal });
}

export function cancelOrder(order, reason) {
  return call("POST", `${orderPath(order.id)}/cancel`, { body: { reason }, headers: { "If-Match": tag(order) } });
}

export function updateStatus(order, change) {
  return call("PUT", `${orderPath(order.id)}/status`, { body: change, headers: { "If-Match": tag(order) } });
}

/** Replaces fields of an order; null removes one. */
export function updateOrder(order, changes) {
  return call("PATCH", orderPath(order.id), { body: changes, headers: { "If-Match": tag(order) } });
}

/** Places an order: for the items in the body, or without items for the customer's cart. */
export function placeOrder(key, { customer, body }) {
  const path = customer ? `/v1/customers/${encodeURIComponent(customer)}/orders` : "/v1/orders";
  return call("POST", path, { body, headers: { "Idempotency-Key": key } });
}

function orderPath(id) {
  return `/v1/orders/${encodeURIComponent(id)}`;
}

/** Returns the order's entity tag. A task can fail without a new version of the order. */
export function tag({ version, needs_attention: needsAttention }) {
  return `"v${version}${needsAttention ? "-attention" : ""}"`;
}
