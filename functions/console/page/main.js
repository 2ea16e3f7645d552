/** The console: shows the view in the URL and connects its parts. */

import { link, navigate, takeToken, view } from "./address.js";
import { readSearch, showFilters } from "./filters.js";
import { button, element, fill, menu } from "./dom.js";
import { moment, shortId } from "./format.js";
import { refreshOrders, showOrders } from "./list.js";
import { showNewOrder } from "./new-order.js";
import { showToast } from "./notice.js";
import { closeOrder, refreshOrder, showOrder } from "./order.js";
import { keepRefreshing } from "./refresh.js";
import { caller, signIn, signOut } from "./session.js";

const NARROW = matchMedia("(width < 1100px)");
const list = document.getElementById("list");
const pane = document.getElementById("pane");

function show() {
  const { filter, order, isNew } = view();
  document.getElementById("new-order").href = link({ new: "yes", order: "" });
  showFilters(filter);
  showOrders(filter, order);
  pane.hidden = !isNew && !order;
  coverList();
  if (isNew || !order) closeOrder();
  if (isNew) showNewOrder(pane, refresh);
  else if (order) showOrder(pane, order, refresh);
  else fill(pane);
  document.title = isNew ? "New order" : order ? `Order ${shortId(order)}` : "Orders";
}

/** Signs in with the token in the URL, if there is one. @returns {boolean} whether it was accepted */
function signInFromUrl() {
  const token = takeToken();
  const error = token === null ? "" : signIn(token);
  if (error) showToast(error);
  return token !== null && !error;
}

/** Makes the list inert while the pane covers it. */
function coverList() {
  list.inert = NARROW.matches && !pane.hidden;
}

function showCaller() {
  if (!caller()) return;
  const { customer, scopes, expires } = caller();
  fill(document.getElementById("caller"), menu("me", scopes.has("orders:read") ? "Support" : `Customer ${customer}`,
    element("p", {}, `Signed in as ${customer}`),
    element("p", { class: "quiet" }, [...scopes].join(", ")),
    element("p", { class: "quiet" }, "until ", moment(expires)),
    button("Sign out", signOutAndReload)));
}

function signOutAndReload() {
  signOut();
  history.replaceState(null, "", location.pathname);
  location.reload();
}

/** Closes the order on Escape, unless a dialog or menu is open: the browser closes those first. */
function onKey(event) {
  const isCovered = document.querySelector("dialog[open], :popover-open");
  if (event.key === "Escape" && view().order && !isCovered) navigate({ order: "" });
}

addEventListener("hashchange", () => (signInFromUrl() ? location.reload() : show()));
addEventListener("keydown", onKey);
document.addEventListener("signed-in", showCaller);
document.getElementById("search").addEventListener("submit", readSearch);
document.getElementById("search").addEventListener("search", readSearch);
NARROW.addEventListener("change", coverList);
signInFromUrl();
showCaller();
const refresh = keepRefreshing(() => Promise.all([refreshOrders(), refreshOrder()]));
show();
