/** The filter above the list: what it shows stands in the address, and what is chosen goes there. */

import { FILTERS, go } from "./address.js";
import { button, element, field, menu } from "./dom.js";
import { words } from "./format.js";

export const STATUSES = {
  status: ["pending", "confirmed", "shipped", "delivered", "cancelling", "cancelled", "failed", "returned"],
  payment_status: ["pending", "processing", "paid", "failed", "voided", "refunding", "refunded"],
  shipping_status: ["pending", "ready", "shipped", "delivered", "cancelled", "returned"],
};
const LABELS = { status: "Status", payment_status: "Payment", shipping_status: "Shipping" };
const SORTS = {
  "": "Newest first",
  created_at: "Oldest first",
  "-updated_at": "Changed last",
  "-total": "Largest total",
  total: "Smallest total",
};
const form = document.getElementById("filters");

/** Shows a filter as the one that is chosen. */
export function showFilters(filter) {
  if (!form.firstChild) build();
  document.getElementById("search").elements.q.value = filter.q ?? "";
  for (const control of form.elements) {
    const chosen = filter[control.name] ?? "";
    if (control.type === "checkbox") control.checked = chosen.split(",").includes(control.value);
    else if (control.name) control.value = chosen;
  }
  for (const name of Object.keys(STATUSES)) {
    summarize(name, LABELS[name], (filter[name] ?? "").split(",").filter(Boolean).map(words));
  }
  const { created_from: from, created_to: to } = filter;
  summarize("created", "Placed", from || to ? [`${from ?? ""} – ${to ?? ""}`] : []);
  form.querySelector("#whose").hidden = !filter.customer_id;
  form.querySelector("#whose").textContent = `Customer ${filter.customer_id} ✕`;
  form.querySelector("#clear").hidden = !FILTERS.some((name) => name !== "sort_by" && filter[name]);
}

/** Takes up what was searched for. */
export function readSearch(event) {
  event.preventDefault();
  go({ q: document.getElementById("search").elements.q.value.trim() });
}

export function clearFilters() {
  go(Object.fromEntries(FILTERS.map((name) => [name, ""])));
}

function build() {
  form.append(
    ...Object.entries(STATUSES).flatMap(([name, values]) =>
      menu(name, LABELS[name], values.map((value) => option(name, value)))),
    ...menu("created", "Placed",
      field("From", "created_from", { type: "date" }), field("To", "created_to", { type: "date" })),
    element("input", { name: "product_id", placeholder: "Product", "aria-label": "Product", maxlength: 64 }),
    button("", () => go({ customer_id: "" }), { id: "whose" }),
    button("Clear", clearFilters, { kind: "text", id: "clear" }),
    element("select", { name: "sort_by", "aria-label": "Sort" },
      Object.entries(SORTS).map(([value, label]) => element("option", { value }, label))),
  );
  form.addEventListener("change", read);
  form.addEventListener("submit", (event) => event.preventDefault());
}

function read() {
  const chosen = new FormData(form);
  const statuses = Object.keys(STATUSES).map((name) => [name, chosen.getAll(name).join()]);
  const others = ["created_from", "created_to", "product_id", "sort_by"].map((name) => [name, chosen.get(name).trim()]);
  go(Object.fromEntries([...statuses, ...others]));
}

function option(name, value) {
  return element("label", {}, element("input", { type: "checkbox", name, value }), words(value));
}

function summarize(name, label, chosen) {
  const shown = document.getElementById(`${name}-menu`);
  const said = chosen.length > 1 ? `${chosen[0]} +${chosen.length - 1}` : chosen[0];
  shown.textContent = said ? `${label}: ${said}` : label;
  shown.toggleAttribute("data-chosen", chosen.length > 0);
}
