/** The console: the view that the address bar names, and its parts. */

import { go, link, takeToken, view } from "./address.js";
import { readSearch, showFilters } from "./filters.js";
import { button, element, fill, menu } from "./dom.js";
import { moment, shortId } from "./format.js";
import { refreshOrders, showOrders } from "./list.js";
import { showNewOrder } from "./new-order.js";
import { say } from "./notice.js";
import { closeOrder, refreshOrder, showOrder } from "./order.js";
import { keepFresh } from "./refresh.js";
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

/** Signs in with the token in the address, if there is one. @returns {boolean} whether it was taken */
function signInByAddress() {
  const given = takeToken();
  const wrong = given === null ? "" : signIn(given);
  if (wrong) say(wrong);
  return given !== null && !wrong;
}

/** Where the pane covers the list, nothing behind it can be reached. */
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
    button("Sign out", leave)));
}

function leave() {
  signOut();
  history.replaceState(null, "", location.pathname);
  location.reload();
}

/** Escape closes what lies on top first, which browsers see to: dialogs and menus. */
function onKey(event) {
  const isCovered = document.querySelector("dialog[open], :popover-open");
  if (event.key === "Escape" && view().order && !isCovered) go({ order: "" });
}

addEventListener("hashchange", () => (signInByAddress() ? location.reload() : show()));
addEventListener("keydown", onKey);
document.addEventListener("signed-in", showCaller);
document.getElementById("search").addEventListener("submit", readSearch);
document.getElementById("search").addEventListener("search", readSearch);
NARROW.addEventListener("change", coverList);
signInByAddress();
showCaller();
const refresh = keepFresh(() => Promise.all([refreshOrders(), refreshOrder()]));
show();
