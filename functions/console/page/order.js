/** The open order, kept up to date, and actions on it. */

import { actionsOn } from "./actions.js";
import { Problem, readOrder } from "./api.js";
import { addresses, facts, lines, metadata, timeline } from "./details.js";
import { button, element, fill, paneHeader } from "./dom.js";
import { ATTENTION, labelOf, moment, money, numberOf, pill, shortId } from "./format.js";
import { alertOf, showToast, skeleton } from "./notice.js";
import { may } from "./session.js";
import { navigate } from "./view.js";

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
  if (order.status !== view.order.status) showStatus(order);
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
    head(order.id, order),
    problem && alertOf(problem),
    order.needs_attention && alertOf(FAILED_TASK),
    element("p", { class: "sum" }, money(order.total, order.currency), element("small", {}, order.currency)),
    customer(order),
    element("div", { class: "choices" }, actionsOn(order).map(actionButton)),
    factsOf(order),
    addresses(order),
    element("h3", {}, "Lines"),
    lines(order),
    metadata(order),
    element("h3", {}, "Timeline"),
    timeline(order.timeline));
}

function head(id, order) {
  const name = `Order ${order ? numberOf(order) : ""}`;
  document.title = name;
  const title = [name, " ", element("code", { class: "quiet", title: id }, shortId(id))];
  return paneHeader(title, () => navigate({ order: "" }), order && pill(order.status));
}

function showStatus(order) {
  showToast(`Order ${numberOf(order)}: ${labelOf(order.status)}`);
}

function customer({ customer_id: id, customer_name: name, customer_email: email }) {
  const contact = [name, email].filter(Boolean).join(" · ");
  const filterButton = may("orders:read")
    ? button(`Customer ${id}`, () => navigate({ customer_id: id }), { kind: "text", id: "customer-orders" })
    : `Customer ${id}`;
  return element("p", { class: "customer quiet" }, filterButton, contact && ` · ${contact}`);
}

function actionButton(action, position) {
  const kind = `button ${action.isDestructive ? "danger" : action.isQuiet ? "" : "primary"}`;
  return button(action.label, () => act(action), { kind, id: `action-${position}` });
}

/** Runs an action, then shows the updated order and any error. */
async function act(action) {
  const view = open;
  try {
    const order = await action.run();
    if (!order) return;
    if (order.status === view.order.status) showToast(`Order ${numberOf(order)} saved`);
    else showStatus(order);
    if (view === open) await load();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (view === open) await load(problem);
  }
  view.changed();
}

function factsOf(order) {
  return facts([
    ["Order", labelOf(order.status)],
    ["Payment", labelOf(order.payment_status)],
    ["Shipping", labelOf(order.shipping_status)],
    ["Shipping method", order.shipping_method],
    ["Tracking", order.tracking_number],
    ["Failed", order.failure_reason && labelOf(order.failure_reason)],
    ["Reason", order.cancel_reason],
    ["Placed", moment(order.created_at)],
    ["External reference", order.external_reference],
    ["Personal data", order.personal_data_erased_at && ["Erased ", moment(order.personal_data_erased_at)]],
    ["Note", order.note, "wide"],
    ["Id", [element("code", {}, order.id), " ", copyButton(order.id)], "wide"],
  ]);
}

function copyButton(id) {
  return button("Copy id", () => copy(id), { kind: "text", id: "copy-id" });
}

async function copy(id) {
  try {
    await navigator.clipboard.writeText(id);
    showToast("Id copied");
  } catch {
    showToast("Copying failed: select the id and copy it.");
  }
}
