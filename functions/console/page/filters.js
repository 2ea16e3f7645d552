/** The filters above the list. They show the URL's parameters, and changes go to the URL. */

import { button, control, element, field, menu } from "./dom.js";
import { ATTENTION, labelOf } from "./format.js";
import { may } from "./session.js";
import { FILTERS, navigate } from "./view.js";

export const STATUSES = {
  status: ["pending", "confirmed", "shipped", "delivered", "cancelling", "cancelled", "failed", "returned"],
  payment_status: ["pending", "processing", "paid", "failed", "voided", "refunding", "refunded", "charged_back"],
  shipping_status: ["pending", "ready", "shipped", "delivered", "cancelled", "returned"],
};
const LABELS = { status: "Status", payment_status: "Payment", shipping_status: "Shipping" };
const SORTS = {
  "": "Newest first",
  created_at: "Oldest first",
  "-updated_at": "Last updated",
  "-total": "Highest total",
  total: "Lowest total",
};
const form = document.getElementById("filters");

export function showFilters(filter) {
  if (!form.firstChild) build();
  document.getElementById("search").elements.q.value = filter.q ?? "";
  for (const control of form.elements) {
    const chosen = filter[control.name] ?? "";
    if (control.type === "checkbox") control.checked = chosen.split(",").includes(control.value);
    else if (control.name) control.value = chosen;
  }
  for (const name of Object.keys(STATUSES)) {
    summarize(name, LABELS[name], (filter[name] ?? "").split(",").filter(Boolean).map(labelOf));
  }
  const { created_from: from, created_to: to } = filter;
  summarize("created", "Placed", from || to ? [`${from ?? ""} – ${to ?? ""}`] : []);
  form.querySelector("#customer-filter").hidden = !filter.customer_id;
  form.querySelector("#customer-filter").textContent = `Customer ${filter.customer_id} ✕`;
  form.querySelector("#attention").hidden = !may("orders:read");
  form.querySelector("#clear").hidden = !FILTERS.some((name) => name !== "sort_by" && filter[name]);
}

export function readSearch(event) {
  event.preventDefault();
  navigate({ q: document.getElementById("search").elements.q.value.trim() });
}

export function clearFilters() {
  navigate(Object.fromEntries(FILTERS.map((name) => [name, ""])));
}

function build() {
  form.append(
    ...Object.entries(STATUSES).flatMap(([name, values]) =>
      menu(name, LABELS[name], values.map((value) => option(name, value)))),
    ...menu("created", "Placed",
      field("From", "created_from", { type: "date" }), field("To", "created_to", { type: "date" })),
    element("input", { name: "product_id", placeholder: "Product", "aria-label": "Product", maxlength: 64 }),
    option("needs_attention", "true", { class: "button", id: "attention" }, ATTENTION),
    button("", () => navigate({ customer_id: "" }), { id: "customer-filter" }),
    button("Clear", clearFilters, { kind: "text", id: "clear" }),
    control({ name: "sort_by", "aria-label": "Sort", options: Object.entries(SORTS) }),
  );
  form.addEventListener("change", read);
  form.addEventListener("submit", (event) => event.preventDefault());
}

function read() {
  const chosen = new FormData(form);
  const choices = [...Object.keys(STATUSES), "needs_attention"].map((name) => [name, chosen.getAll(name).join()]);
  const others = ["created_from", "created_to", "product_id", "sort_by"].map((name) => [name, chosen.get(name).trim()]);
  navigate(Object.fromEntries([...choices, ...others]));
}

function option(name, value, attributes = {}, label = labelOf(value)) {
  return element("label", attributes, element("input", { type: "checkbox", name, value }), label);
}

function summarize(name, label, chosen) {
  const control = document.getElementById(`${name}-menu`);
  const value = chosen.length > 1 ? `${chosen[0]} +${chosen.length - 1}` : chosen[0];
  control.textContent = value ? `${label}: ${value}` : label;
  control.toggleAttribute("data-chosen", chosen.length > 0);
}
