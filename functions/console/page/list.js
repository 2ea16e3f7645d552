/** The list of orders: loads pages by cursor and keeps the scroll position on refresh. */

import { listOrders, Problem, tag } from "./api.js";
import { button, element, fill, setText } from "./dom.js";
import { clearFilters } from "./filters.js";
import { age, ATTENTION, labelOf, money, number, numberOf, pill, shortId, updateAge } from "./format.js";
import { alertOf, skeleton } from "./notice.js";
import { link } from "./view.js";

const PAGE_SIZE = 25;
const LARGEST_PAGE = 100;
const SKELETON_ROWS = 8;
const COLUMNS = ["Order", "Customer", "Status", "Payment", "Shipping", "Lines", "Total", "Placed"];
const MARK = element("span", {
  class: "pill", "data-status": "failed", role: "img", "aria-label": ATTENTION, title: ATTENTION,
}, "!");
const DAY = /^\d{4}-\d\d-\d\d$/;

const place = document.getElementById("orders");
const count = element("p", { class: "count", role: "status" });
const body = element("tbody");
const table = element("table", { class: "orders", "aria-label": "Orders" },
  element("thead", {}, element("tr", {}, COLUMNS.map((name) => element("th", { scope: "col" }, name)))),
  body);
const more = button("Show more", loadMore, { id: "more" });
const end = element("div", { class: "end-of-list" });
const endObserver = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && current.grew && loadMore(), {
  rootMargin: "300px",
});

/** The list on the page: filter, orders, rows by order id, and cursor. */
let current = null;

/** Shows the orders that match a filter, and highlights the open one. */
export function showOrders(filter, open) {
  const key = JSON.stringify(filter);
  if (current?.key !== key) {
    current?.abort.abort();
    current = { key, filter, open, orders: [], rows: new Map(), abort: new AbortController() };
    fill(place, skeleton(SKELETON_ROWS));
    return load({ include_total: true });
  }
  current.open = open;
  for (const [id, { row }] of current.rows) mark(row, id);
}

export async function refreshOrders() {
  const list = current;
  if (!list?.total || list.isBusy) return;
  const size = Math.min(Math.max(list.orders.length, PAGE_SIZE), LARGEST_PAGE);
  const page = await read(list, { page_size: size });
  if (!page || list !== current || list.isBusy) return;
  const reached = list.orders.findIndex(({ id }) => id === page.orders.at(-1)?.id);
  const beyond = page.next_cursor && reached >= 0 ? list.orders.slice(reached + 1) : [];
  list.orders = unique([...page.orders, ...beyond]);
  if (!beyond.length) list.cursor = page.next_cursor;
  render();
}

function loadMore() {
  if (current.cursor && !current.isBusy) load({ cursor: current.cursor });
}

/** Loads a page; on failure shows the error in its place, with a button to retry. */
async function load(parameters) {
  const list = current;
  list.isBusy = true;
  more.disabled = true;
  try {
    const page = await read(list, { page_size: PAGE_SIZE, ...parameters });
    if (!page || list !== current) return;
    list.total ??= page;
    list.grew = page.orders.length > 0;
    list.orders = unique([...list.orders, ...page.orders]);
    list.cursor = page.next_cursor;
    render();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (list === current) showProblem(problem, () => load(parameters));
  } finally {
    list.isBusy = false;
    more.disabled = false;
  }
}

/** Reads a page of a list; undefined if the list is no longer shown. */
function read(list, parameters) {
  return listOrders({ ...query(list.filter), ...parameters }, list.abort.signal).catch((error) => {
    if (error.name !== "AbortError") throw error;
  });
}

/** Returns the API's parameters of a filter: days are in the user's time zone. */
function query(filter) {
  const { created_from: from, created_to: to } = filter;
  return { ...filter, ...(from && { created_from: midnight(from, 0) }), ...(to && { created_to: midnight(to, 1) }) };
}

/** Returns the start of a day, or of a later one. The API reports invalid days, which stay unchanged. */
function midnight(day, daysLater) {
  const at = new Date(`${day}T00:00`);
  if (!DAY.test(day) || Number.isNaN(at.valueOf())) return day;
  at.setDate(at.getDate() + daysLater);
  return at.toISOString();
}

function unique(orders) {
  return [...new Map(orders.map((order) => [order.id, order])).values()];
}

function render() {
  if (!current.orders.length && !current.cursor) return place.querySelector(".state") || fill(place, empty());
  if (!table.isConnected) fill(place, count, table, end);
  const restore = keepScrollPosition();
  const focused = body.contains(document.activeElement) && document.activeElement;
  arrangeRows();
  if (focused && focused !== document.activeElement) focused.focus({ preventScroll: true });
  restore();
  showCount();
  fill(end, current.cursor && more);
  endObserver.unobserve(end);
  endObserver.observe(end);
}

/** Sorts the rows; a row in its place is not moved, so that it keeps focus and selection. */
function arrangeRows() {
  const sorted = new Set(current.orders.map((order) => rowOf(order)));
  for (const row of [...body.rows]) if (!sorted.has(row)) row.remove();
  let next = body.firstElementChild;
  for (const row of sorted) {
    if (row === next) next = next.nextElementSibling;
    else body.insertBefore(row, next);
  }
  body.querySelectorAll("time").forEach(updateAge);
}

/** Returns a function that scrolls back to the row which is now at the top. */
function keepScrollPosition() {
  const top = table.tHead.getBoundingClientRect().bottom;
  const anchor = scrollY > 0 && [...body.rows].find((row) => row.getBoundingClientRect().top >= Math.max(top, 0));
  if (!anchor) return () => {};
  const before = anchor.getBoundingClientRect().top;
  const moved = () => anchor.getBoundingClientRect().top - before;
  return () => anchor.isConnected && scrollBy({ top: moved(), behavior: "instant" });
}

function rowOf(order) {
  const known = current.rows.get(order.id);
  if (known?.tag === tag(order)) return known.row;
  const row = known?.row ?? element("tr");
  current.rows.set(order.id, { row, tag: tag(order) });
  fill(row, cells(order));
  mark(row, order.id);
  return row;
}

function cells(order) {
  const { id, customer_name: name, customer_email: email, external_reference: reference } = order;
  const customer = `Customer ${order.customer_id}`;
  return [
    element("th", { scope: "row" },
      element("a", { id: `row-${id}`, href: link({ order: id, new: "" }), title: id }, numberOf(order)),
      element("small", { title: reference }, [reference, shortId(id)].filter(Boolean).join(" · "))),
    element("td", { class: "who" }, name ?? customer, element("small", {}, email ?? (name && customer))),
    element("td", {}, pill(order.status), " ", order.needs_attention && MARK.cloneNode(true)),
    element("td", { class: "quiet" }, labelOf(order.payment_status)),
    element("td", { class: "quiet" }, labelOf(order.shipping_status)),
    element("td", { class: "number quiet" }, number(order.line_count)),
    element("td", { class: "number total" }, money(order.total, order.currency)),
    element("td", { class: "quiet age" }, age(order.created_at)),
  ];
}

function mark(row, id) {
  row.querySelector("a").setAttribute("aria-current", id === current.open);
}

function showCount() {
  const { orders, cursor, total } = current;
  const shown = number(orders.length);
  const all = `${total.total_is_exact ? "" : "more than "}${number(total.total)}`;
  const text = !cursor ? `Orders: ${shown}` : orders.length ? `Orders: ${shown} of ${all}` : "No matches yet";
  setText(count, text);
}

function empty() {
  const isFiltered = Object.keys(current.filter).some((name) => name !== "sort_by");
  return element("div", { class: "state" },
    element("h2", {}, isFiltered ? "No matching orders" : "No orders yet"),
    element("p", {}, isFiltered ? "Change or clear the filters." : "New orders appear here automatically."),
    isFiltered
      ? button("Clear filters", clearFilters)
      : element("a", { class: "button primary", href: link({ new: "yes" }) }, "Place an order"));
}

function showProblem(problem, retry) {
  const isFilterWrong = problem.status === 400;
  const shown = alertOf(problem,
    button("Try again", retry), isFilterWrong && button("Clear filters", clearFilters));
  fill(current.orders.length ? end : place, shown);
}
