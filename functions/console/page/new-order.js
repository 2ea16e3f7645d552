/** The form for a new order: for entered products, or for a cart. */

import { navigate } from "./address.js";
import { placeOrder, Problem } from "./api.js";
import { formValues } from "./dialog.js";
import { button, element, field, fill, paneHeader } from "./dom.js";
import { labelOf, money, shortId } from "./format.js";
import { alertOf, showToast } from "./notice.js";
import { caller, may } from "./session.js";

const PRODUCT_ERRORS = {
  unknown_product: "Unknown product.",
  price_unknown: "The inventory has no price for this product. Enter one.",
};
let lineCount = 0;

export function showNewOrder(pane, placed) {
  if (pane.querySelector("form.new-order")) return;
  const lines = element("div", { class: "new-lines" }, newLine());
  const more = button("Add line", () => addLine(lines), { kind: "text" });
  const typed = element("fieldset", { "aria-label": "Products" }, lines, more, details());
  const keyOf = keys();

  const form = element("form", { class: "new-order", novalidate: true, autocomplete: "off", submit },
    sources(typed), customerField(), typed, element("button", { class: "button primary" }, "Place order"));
  pane.setAttribute("aria-label", "New order");
  fill(pane, paneHeader("New order", () => navigate({ new: "" })), form);
  pane.querySelector("h2").focus({ preventScroll: true });

  async function submit(event) {
    event.preventDefault();
    const request = requestOf(form, lines);
    form.lastChild.disabled = true;
    form.querySelector(".alert")?.remove();
    showLineErrors(lines, {});
    try {
      const order = await placeOrder(keyOf(request), request);
      showToast(`Order ${shortId(order.id)} placed`);
      navigate({ new: "", order: order.id });
      placed();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      form.lastChild.before(alertOf(problem));
      showLineErrors(lines, problem.details);
    } finally {
      form.lastChild.disabled = false;
    }
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

function customerField() {
  return may("orders:create") && field("Customer", "customer_id", { value: caller().customer, maxlength: 128 });
}

function details() {
  return element("details", { class: "more" }, element("summary", {}, "Name and e-mail"),
    field("Name", "customer_name", { maxlength: 200, hint: "optional" }),
    field("E-mail", "customer_email", { type: "email", maxlength: 254, hint: "optional" }));
}

function newLine() {
  const number = ++lineCount;
  const input = (name, label, rest) =>
    element("input", { name, "aria-label": label, "aria-describedby": `line-${number}`, ...rest });
  const line = element("div", { class: "new-line", role: "group", "aria-label": "Line" },
    input("product_id", "Product", { placeholder: "Product", maxlength: 64 }),
    input("quantity", "Quantity", { type: "number", min: 1, value: 1 }),
    input("unit_price", "Unit price (optional)", { inputmode: "decimal", placeholder: "Price" }),
    button("✕", () => line.remove(), { kind: "close", "aria-label": "Remove line" }),
    element("p", { class: "error", id: `line-${number}` }));
  return line;
}

function addLine(lines) {
  const line = newLine();
  lines.append(line);
  line.querySelector("input").focus();
}

/** Builds the request from the form. */
function requestOf(form, lines) {
  const { source, customer_id = caller().customer, customer_name, customer_email } = formValues(form);
  if (source === "cart") return { customer: customer_id };
  const items = [...lines.children].map((line) => {
    const { product_id, quantity, unit_price } = valuesOf(line);
    return { product_id, quantity: Number(quantity), ...(unit_price && { unit_price }) };
  });
  return { body: { customer_id, customer_name, customer_email, items } };
}

function valuesOf(line) {
  return Object.fromEntries([...line.querySelectorAll("input")].map(({ name, value }) => [name, value.trim()]));
}

/** Shows errors next to their lines, with buttons that correct them. */
function showLineErrors(lines, { code, shortages = [], prices = [], product_ids: products = [], errors = [] }) {
  [...lines.children].forEach((line, position) => {
    const { product_id: product } = valuesOf(line);
    const isThis = (entry) => entry.product_id === product;
    showErrors(line, [
      shortages.filter(isThis).map(({ requested, available }) => [
        `${available} of ${requested} available.`,
        available > 0 && button(`Order ${available}`, () => set(line, "quantity", available), { kind: "text" }),
      ]),
      prices.filter(isThis).map(({ current, current_currency: currency }) => [
        `The price is now ${money(current, currency)}.`,
        button("Accept price", () => set(line, "unit_price", current), { kind: "text" }),
      ]),
      products.filter((each) => each === product).map(() => PRODUCT_ERRORS[code]),
      errors.filter(({ loc: [where, at] }) => where === "items" && at === position)
        .map(({ loc, msg }) => `${labelOf(loc[2] ?? "line")}: ${msg}.`),
    ]);
  });
}

function showErrors(line, messages) {
  const error = line.querySelector(".error");
  fill(error, messages);
  for (const input of line.querySelectorAll("input")) input.setAttribute("aria-invalid", error.hasChildNodes());
}

function set(line, name, value) {
  line.querySelector(`[name=${name}]`).value = value;
  showErrors(line, []);
}
