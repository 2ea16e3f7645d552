/** The open order: its details, its timeline, and actions on it. */

import { actionsOn } from "./actions.js";
import { navigate } from "./address.js";
import { Problem, readOrder } from "./api.js";
import { ask } from "./dialog.js";
import { button, element, fill, paneHeader } from "./dom.js";
import { ATTENTION, labelOf, moment, money, number, pill, reasonOf, shortId } from "./format.js";
import { alertOf, showToast, skeleton } from "./notice.js";
import { may } from "./session.js";

const SKELETON_ROWS = 3;
const FAILED_TASK = {
  title: ATTENTION,
  message: "A task of this order has failed. It is not retried until an operator sends it again.",
};

/** The open order: id, pane, last known state, and a function to call on changes. */
let open = null;

export async function showOrder(pane, id, changed) {
  if (open?.id === id) return;
  open = { id, pane, changed, order: null };
  pane.setAttribute("aria-label", "Order");
  fill(pane, head(id), skeleton(SKELETON_ROWS));
  pane.scrollTop = 0;
  pane.querySelector("h2").focus({ preventScroll: true });
  await load();
}

/** Closes the open order and returns the focus to its row. */
export function closeOrder() {
  const id = open?.id;
  open = null;
  if (id) document.getElementById(`row-${id}`)?.focus({ preventScroll: true });
}

export async function refreshOrder() {
  const view = open;
  if (!view?.order) return;
  const order = await readOrder(view.id, view.order);
  if (view !== open || !order || order.version < view.order.version) return;
  if (order.status !== view.order.status) showToast(`Order ${shortId(order.id)}: ${labelOf(order.status)}`);
  render(order);
}

async function load(problem) {
  const view = open;
  try {
    const order = await readOrder(view.id);
    if (view === open) render(order, problem);
  } catch (failure) {
    if (!(failure instanceof Problem)) throw failure;
    if (view !== open) return;
    fill(view.pane, head(view.id), alertOf(failure, button("Try again", () => load())));
  }
}

function render(order, problem) {
  open.order = order;
  fill(open.pane,
    head(order.id, order.status),
    problem && alertOf(problem),
    order.needs_attention && alertOf(FAILED_TASK),
    element("p", { class: "sum" }, money(order.total, order.currency), element("small", {}, order.currency)),
    customer(order),
    element("div", { class: "choices" }, actionsOn(order).map(actionButton)),
    facts(order),
    element("h3", {}, "Lines"),
    lines(order),
    element("h3", {}, "Timeline"),
    element("ol", { class: "timeline" }, order.timeline.toReversed().map(event)));
}

function head(id, status) {
  const title = ["Order ", element("code", { title: id }, shortId(id))];
  return paneHeader(title, () => navigate({ order: "" }), status && pill(status));
}

function customer({ customer_id: id, customer_name: name, customer_email: email }) {
  const contact = [name, email].filter(Boolean).join(" · ");
  const filterButton = may("orders:read")
    ? button(`Customer ${id}`, () => navigate({ customer_id: id }), { kind: "text", id: "customer-orders" })
    : `Customer ${id}`;
  return element("p", { class: "customer quiet" }, filterButton, contact && ` · ${contact}`);
}

function actionButton(action, position) {
  const kind = `button ${action.isDestructive ? "danger" : "primary"}`;
  return button(action.label, () => act(action), { kind, id: `action-${position}` });
}

/** Confirms and runs an action, then shows the updated order and any error. */
async function act(action) {
  const view = open;
  const values = await ask(action);
  if (!values) return;
  try {
    const { status } = await action.run(values);
    showToast(`Order ${shortId(view.id)}: ${labelOf(status)}`);
    if (view === open) await load();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (view === open) await load(problem);
  }
  view.changed();
}

function facts(order) {
  const rows = [
    ["Order", labelOf(order.status)],
    ["Payment", labelOf(order.payment_status)],
    ["Shipping", labelOf(order.shipping_status)],
    ["Tracking", order.tracking_number],
    ["Failed", order.failure_reason && labelOf(order.failure_reason)],
    ["Reason", order.cancel_reason],
    ["Placed", moment(order.created_at)],
    ["Id", [element("code", {}, order.id), " ", button("Copy id", () => copy(order.id), { kind: "text", id: "copy-id" })]],
  ];
  return element("dl", { class: "facts" },
    rows.filter(([, value]) => value).map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

async function copy(id) {
  try {
    await navigator.clipboard.writeText(id);
    showToast("Id copied");
  } catch {
    showToast("Copying failed: select the id and copy it.");
  }
}

function lines({ items, currency, total }) {
  const columns = ["Product", "Quantity", "Price", "Total"];
  return element("table", { class: "lines" },
    element("thead", {}, element("tr", {}, columns.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, items.map((line) => element("tr", {},
      element("th", { scope: "row" }, line.product_id),
      element("td", { class: "number" }, number(line.quantity)),
      element("td", { class: "number" }, money(line.unit_price, currency)),
      element("td", { class: "number" }, money(line.line_total, currency))))),
    element("tfoot", {}, element("tr", {},
      element("th", { scope: "row", colspan: 3 }, "Total"),
      element("td", { class: "number" }, money(total, currency)))));
}

function event({ event: name, actor, reason, occurred_at: at, status }) {
  return element("li", { "data-status": status },
    element("strong", {}, labelOf(name)),
    element("span", { class: "quiet" }, moment(at)),
    element("p", {}, [`by ${actor}`, reason && reasonOf(reason)].filter(Boolean).join(" · ")));
}
