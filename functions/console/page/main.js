/** The console: shows the view in the URL and connects its parts. */

import { readSearch, showFilters } from "./filters.js";
import { ask } from "./dialog.js";
import { button, element, fill, menu } from "./dom.js";
import { moment } from "./format.js";
import { refreshOrders, showOrders } from "./list.js";
import { closeNewOrder, showNewOrder } from "./new-order.js";
import { showToast } from "./notice.js";
import { closeOrder, refreshOrder, showOrder } from "./order.js";
import { keepRefreshing } from "./refresh.js";
import { caller, callerOf, isExpired, signIn, signOut } from "./session.js";
import { askForToken } from "./sign-in.js";
import { link, navigate, takeToken, view } from "./view.js";

const NARROW = matchMedia("(width < 1100px)");
const list = document.getElementById("list");
const pane = document.getElementById("pane");

function show() {
  if (!caller()) return;
  const { filter, order, isNew } = view();
  document.getElementById("new-order").href = link({ new: "yes", order: "" });
  showFilters(filter);
  showOrders(filter, order);
  pane.hidden = !isNew && !order;
  coverList();
  if (isNew || !order) closeOrder();
  if (!isNew) closeNewOrder();
  if (isNew) showNewOrder(pane, refresh);
  else if (order) showOrder(pane, order, refresh);
  else fill(pane);
  if (isNew || !order) document.title = isNew ? "New order" : "Orders";
}

/** Signs in with the token in the URL, if there is one. @returns {Promise<boolean>} whether it was accepted */
async function signInFromUrl() {
  const given = takeToken();
  if (given === null || !(await mayReplaceSession(given))) return false;
  const error = signIn(given);
  if (error) showToast(error);
  return !error;
}

/** Asks before another user's token ends a session: anybody can send a link. */
async function mayReplaceSession(given) {
  const [now, next] = [caller()?.customer, callerOf(given)?.customer];
  if (isExpired() || now === next || next === undefined) return true;
  const text = `This link signs you in as ${next}. You are signed in as ${now}.`;
  return (await ask({ label: "Replace session", text })) !== null;
}

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

/** Closes the pane on Escape, unless the browser closes a dialog or menu, or clears the search. */
function onKey({ key, target }) {
  const isTaken = target.type === "search" || document.querySelector("dialog[open], :popover-open");
  if (key === "Escape" && !pane.hidden && !isTaken) navigate({ order: "", new: "" });
}

addEventListener("hashchange", async () => ((await signInFromUrl()) ? location.reload() : show()));
addEventListener("keydown", onKey);
document.addEventListener("signed-in", showCaller);
document.getElementById("search").addEventListener("submit", readSearch);
document.getElementById("search").addEventListener("search", readSearch);
NARROW.addEventListener("change", coverList);
const refresh = keepRefreshing(() => Promise.all([refreshOrders(), refreshOrder()]));
await signInFromUrl();
if (!caller()) await askForToken("missing");
showCaller();
show();
