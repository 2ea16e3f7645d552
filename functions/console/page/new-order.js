/** The form for a new order: for entered products, or for a cart. */

import { placeOrder, Problem } from "./api.js";
import { button, control, element, fill, paneHeader } from "./dom.js";
import { clearErrors, contentsOf, entry, formValues, mark, showFailure } from "./form.js";
import { labelOf, money, numberOf } from "./format.js";
import { showToast } from "./notice.js";
import { addressFields, enteredAddress } from "./postal-address.js";
import { caller, may } from "./session.js";
import { navigate } from "./view.js";

const PRODUCT_ERRORS = {
  unknown_product: "Unknown product.",
  price_unknown: "The inventory has no price for this product. Enter one.",
};
const NO_CUSTOMER = { title: "No customer", errors: [{ loc: ["customer_id"], msg: "is required" }] };

/** The columns of lines and adjustments: name, label and attributes of a control. */
const LINE = [
  ["product_id", "Product", { maxlength: 64 }],
  ["quantity", "Quantity", { type: "number", min: 1, value: 1 }],
  ["unit_price", "Unit price (optional)", { inputmode: "decimal", placeholder: "optional" }],
];
const KINDS = ["shipping", "tax", "discount", "fee"].map((kind) => [kind, labelOf(kind)]);
const ADJUSTMENT = [
  ["description", "Description (optional)", { maxlength: 255, placeholder: "Description" }],
  ["kind", "Kind", { options: KINDS, value: "shipping" }],
  ["amount", "Amount", { inputmode: "decimal", placeholder: "Amount" }],
];
let rowCount = 0;

/** The form, and what it contained at first; it is kept while the pane shows something else. */
let draft = null;
let untouched = "";

export function showNewOrder(pane, placed) {
  if (draft && pane.contains(draft)) return;
  draft ??= newForm(placed, () => {
    draft = null;
    showNewOrder(pane, placed);
  });
  pane.setAttribute("aria-label", "New order");
  fill(pane, paneHeader("New order", () => navigate({ new: "" })), draft);
  pane.querySelector("h2").focus({ preventScroll: true });
}

export function closeNewOrder() {
  if (!draft?.isConnected) return;
  document.getElementById("new-order").focus();
  if (contentsOf(draft) !== untouched) showToast("New order keeps what you entered");
}

function newForm(placed, clear) {
  const isStaff = may("orders:create");
  const lines = element("div", { class: "rows" }, newRow("Line", LINE));
  const adjustments = element("div", { class: "rows" });
  const heads = ["Product", "Quantity", "Price"].map((name) => element("small", {}, name));
  const adder = (label, ...row) => button(label, () => addRow(...row), { kind: "text" });
  const typed = element("fieldset", { "aria-label": "Products" },
    element("div", { class: "heads" }, heads), lines, adder("Add line", lines, "Line", LINE),
    isStaff && [adjustments, adder("Add postage, tax, discount or fee", adjustments, "Adjustment", ADJUSTMENT)],
    entry("Name", "customer_name", { maxlength: 200, hint: "optional" }),
    entry("E-mail", "customer_email", { type: "email", maxlength: 254, hint: "optional" }));
  const rows = { items: lines, adjustments };
  const send = element("button", { class: "button primary" }, "Place order");
  const keyOf = keys();

  const form = element("form", { class: "new-order", novalidate: true, autocomplete: "off", submit },
    sources(typed), isStaff && entry("Customer", "customer_id", { required: true, maxlength: 128 }), typed,
    section("Shipping address", addressFields("shipping_address")),
    section("Shipping method, reference, note",
      entry("Shipping method", "shipping_method", { maxlength: 64 }),
      entry("External reference", "external_reference", { maxlength: 128, hint: "the shop’s own number" }),
      entry("Note", "note", { rows: 3, maxlength: 1000 })),
    element("div", { class: "choices" }, send, button("Clear", clear)));
  untouched = contentsOf(form);
  return form;

  async function submit(event) {
    event.preventDefault();
    clearErrors(form);
    if (form.elements.customer_id?.value.trim() === "") return fail(new Problem(0, NO_CUSTOMER));
    const request = requestOf(form, rows);
    send.disabled = true;
    try {
      const order = await placeOrder(keyOf(request), request);
      if (draft === form) draft = null;
      showToast(`Order ${numberOf(order)} placed`);
      navigate({ new: "", order: order.id });
      placed();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      fail(problem);
    } finally {
      send.disabled = false;
    }
  }

  function fail(problem) {
    showFailure(form, problem, rows, (row) => (row.parentElement === lines ? productErrors(row, problem.details) : []));
  }
}

/** Returns a function that makes idempotency keys: the same key for the same request. */
function keys() {
  let last = "";
  let key = "";
  return (request) => {
    const text = JSON.stringify(request);
    if (text !== last) [last, key] = [text, crypto.randomUUID()];
    return key;
  };
}

function sources(typed) {
  const choice = (value, label) => element("label", {},
    element("input", { type: "radio", name: "source", value, checked: value === "products" }), label);
  const change = ({ target }) => (typed.hidden = target.value === "cart");
  return element("fieldset", { class: "sources", "aria-label": "What to order", change },
    choice("products", "Products"),
    choice("cart", may("orders:create") ? "A customer’s cart" : "My cart"));
}

/** Creates a section of optional fields, which is closed at first. */
function section(title, ...content) {
  return element("details", {}, element("summary", {}, `${title} `, element("small", {}, "optional")),
    element("div", { role: "group", "aria-label": title }, content));
}

function newRow(label, columns) {
  const id = `row-error-${++rowCount}`;
  const row = element("div", { class: "row", role: "group", "aria-label": label },
    columns.map(([name, title, rest]) => control({ name, "aria-label": title, "aria-describedby": id, ...rest })),
    button("✕", () => row.remove(), { kind: "close", "aria-label": `Remove ${label.toLowerCase()}` }),
    element("p", { class: "error", id }));
  return row;
}

function addRow(place, label, columns) {
  const row = newRow(label, columns);
  place.append(row);
  row.querySelector("input").focus();
}

function requestOf(form, { items, adjustments }) {
  const values = formValues(form);
  const { source, customer_id = caller().customer, customer_name, customer_email } = values;
  const { shipping_method, external_reference, note } = values;
  const shipping_address = enteredAddress(values, "shipping_address");
  const details = { shipping_address, shipping_method, external_reference, note };
  if (source === "cart") return { customer: customer_id, body: details };
  const lines = [...items.children].map(valuesOf).map((line) => ({ ...line, quantity: Number(line.quantity) }));
  const added = [...adjustments.children].map(valuesOf);
  const body = { customer_id, customer_name, customer_email, ...details, items: lines };
  return { body: added.length ? { ...body, adjustments: added } : body };
}

/** Returns the values of a row by name, without empty ones. */
function valuesOf(row) {
  const entries = [...row.querySelectorAll("input, select")].map(({ name, value }) => [name, value.trim()]);
  return Object.fromEntries(entries.filter(([, value]) => value));
}

/** Returns what is wrong with the product of a line, with buttons that correct it. */
function productErrors(line, { code, shortages = [], prices = [], product_ids: products = [] }) {
  const { product_id: product } = valuesOf(line);
  const isThis = (each) => each.product_id === product;
  return [
    shortages.filter(isThis).map(({ requested, available }) => [
      `${available} of ${requested} available.`,
      available > 0 && button(`Order ${available}`, () => set(line, "quantity", available), { kind: "text" }),
    ]),
    prices.filter(isThis).map(({ current, current_currency: currency }) => [
      `The price is now ${money(current, currency)}.`,
      button("Accept price", () => set(line, "unit_price", current), { kind: "text" }),
    ]),
    products.filter((each) => each === product).map(() => PRODUCT_ERRORS[code]),
  ];
}

function set(line, name, value) {
  line.querySelector(`[name=${name}]`).value = value;
  mark(line);
}
