/** The list of orders: pages through cursors, and kept up to date without jumping. */

import { link } from "./address.js";
import { listOrders, Problem } from "./api.js";
import { button, element, fill, setText } from "./dom.js";
import { clearFilters } from "./filters.js";
import { age, money, number, pill, shortId, tellAge, words } from "./format.js";
import { alertOf, skeleton } from "./notice.js";

const PAGE_SIZE = 25;
const LARGEST_PAGE = 100;
const SKELETON_ROWS = 8;
const COLUMNS = ["Order", "Customer", "Status", "Payment", "Shipping", "Lines", "Total", "Placed"];
const DAY = /^\d{4}-\d\d-\d\d$/;

const place = document.getElementById("orders");
const count = element("p", { class: "count", role: "status" });
const body = element("tbody");
const table = element("table", { class: "orders", "aria-label": "Orders" },
  element("thead", {}, element("tr", {}, COLUMNS.map((name) => element("th", { scope: "col" }, name)))),
  body);
const more = button("Show more", loadMore, { id: "more" });
const end = element("div", { class: "end-of-list" });
const endIsNear = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && current.grew && loadMore(), {
  rootMargin: "300px",
});

/** What is shown: the filter, its orders, their rows by id, and where the list goes on. */
let current = null;

/** Shows the orders that a filter admits, and which of them is open. */
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

/** Reads again what is shown. @throws {Problem} */
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

/** Reads a page; whatever goes wrong is shown where the page would be, with a way to try again. */
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

/** A page of a list; nothing if the list is not shown any more. */
function read(list, parameters) {
  return listOrders({ ...query(list.filter), ...parameters }, list.abort.signal).catch((error) => {
    if (error.name !== "AbortError") throw error;
  });
}

/** The filter as the API takes it: days are the reader's own, from midnight to midnight. */
function query(filter) {
  const { created_from: from, created_to: to } = filter;
  return { ...filter, ...(from && { created_from: midnight(from, 0) }), ...(to && { created_to: midnight(to, 1) }) };
}

/** The beginning of a day, or of a later one. What is no day stays as it is: the API says what is wrong with it. */
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
  const hold = holdPlace();
  const focused = body.contains(document.activeElement) && document.activeElement;
  arrangeRows();
  if (focused && focused !== document.activeElement) focused.focus({ preventScroll: true });
  hold();
  tellCount();
  fill(end, current.cursor && more);
  endIsNear.unobserve(end);
  endIsNear.observe(end);
}

/** Brings rows into the order of the list; a row that is right where it is, is not touched. */
function arrangeRows() {
  const wanted = new Set(current.orders.map((order) => rowOf(order)));
  for (const row of [...body.rows]) if (!wanted.has(row)) row.remove();
  let next = body.firstElementChild;
  for (const row of wanted) {
    if (row === next) next = next.nextElementSibling;
    else body.insertBefore(row, next);
  }
  body.querySelectorAll("time").forEach(tellAge);
}

/** Notes which row is at the top of the screen; what is returned scrolls so that it is there again. */
function holdPlace() {
  const top = table.tHead.getBoundingClientRect().bottom;
  const held = scrollY > 0 && [...body.rows].find((row) => row.getBoundingClientRect().top >= Math.max(top, 0));
  if (!held) return () => {};
  const before = held.getBoundingClientRect().top;
  return () => held.isConnected && scrollBy({ top: held.getBoundingClientRect().top - before, behavior: "instant" });
}

function rowOf(order) {
  const known = current.rows.get(order.id);
  if (known?.version === order.version) return known.row;
  const row = known?.row ?? element("tr");
  current.rows.set(order.id, { row, version: order.version });
  fill(row, cells(order));
  mark(row, order.id);
  return row;
}

function cells(order) {
  const { id, customer_name: name, customer_email: email } = order;
  const called = `Customer ${order.customer_id}`;
  return [
    element("th", { scope: "row" },
      element("a", { id: `row-${id}`, href: link({ order: id, new: "" }), title: id }, shortId(id))),
    element("td", { class: "who" }, name ?? called, element("small", {}, email ?? (name && called))),
    element("td", {}, pill(order.status)),
    element("td", { class: "quiet" }, words(order.payment_status)),
    element("td", { class: "quiet" }, words(order.shipping_status)),
    element("td", { class: "number quiet" }, number(order.line_count)),
    element("td", { class: "number total" }, money(order.total, order.currency)),
    element("td", { class: "quiet age" }, age(order.created_at)),
  ];
}

/** Marks the row of the order that is open. */
function mark(row, id) {
  row.querySelector("a").setAttribute("aria-current", id === current.open);
}

function tellCount() {
  const { orders, cursor, total } = current;
  const shown = number(orders.length);
  const all = `${total.total_is_exact ? "" : "more than "}${number(total.total)}`;
  const said = !cursor ? `Orders: ${shown}` : orders.length ? `Orders: ${shown} of ${all}` : "Nothing found so far";
  setText(count, said);
}

function empty() {
  const isFiltered = Object.keys(current.filter).some((name) => name !== "sort_by");
  return element("div", { class: "state" },
    element("h2", {}, isFiltered ? "No order matches" : "No orders yet"),
    element("p", {}, isFiltered ? "Take something out of the filter." : "They appear here as soon as they are placed."),
    isFiltered
      ? button("Clear the filter", clearFilters)
      : element("a", { class: "button primary", href: link({ new: "yes" }) }, "Place the first one"));
}

function showProblem(problem, again) {
  const isFilterWrong = problem.status === 400;
  const shown = alertOf(problem,
    button("Try again", again), isFilterWrong && button("Clear the filter", clearFilters));
  fill(current.orders.length ? end : place, shown);
}
