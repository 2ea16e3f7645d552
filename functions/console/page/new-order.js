/** The form for a new order: for entered products, or for a cart. */

import { navigate } from "./address.js";
import { placeOrder, Problem } from "./api.js";
import { formValues } from "./dialog.js";
import { button, element, field, fill, paneHeader } from "./dom.js";
import { money, sentence, shortId } from "./format.js";
import { alertOf, showToast } from "./notice.js";
import { caller, may } from "./session.js";

const PRODUCT_ERRORS = {
  unknown_product: "Unknown product.",
  price_unknown: "The inventory has no price for this product. Enter one.",
};
const NO_CUSTOMER = { title: "No customer", errors: [{ loc: ["customer_id"], msg: "is required" }] };
const HEADS = ["Product", "Quantity", "Price"];
let lineCount = 0;

/** The form; it is kept while the pane shows something else. */
let draft = null;

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
  const isEntered = [...draft.elements].some(({ value, defaultValue = value }) => value !== defaultValue);
  if (isEntered) showToast("New order keeps what you entered");
}

function newForm(placed, clear) {
  const lines = element("div", { class: "new-lines" }, newLine());
  const heads = element("div", { class: "heads" }, HEADS.map((name) => element("small", {}, name)));
  const more = button("Add line", () => addLine(lines), { kind: "text" });
  const typed = element("fieldset", { "aria-label": "Products" }, heads, lines, more,
    entry("Name", "customer_name", { maxlength: 200, hint: "optional" }),
    entry("E-mail", "customer_email", { type: "email", maxlength: 254, hint: "optional" }));
  const send = element("button", { class: "button primary" }, "Place order");
  const keyOf = keys();

  const form = element("form", { class: "new-order", novalidate: true, autocomplete: "off", submit },
    sources(typed), may("orders:create") && entry("Customer", "customer_id", { required: true, maxlength: 128 }), typed,
    element("div", { class: "choices" }, send, button("Clear", clear)));
  return form;

  async function submit(event) {
    event.preventDefault();
    form.querySelector(".alert")?.remove();
    showErrors(form, lines, {});
    if (form.elements.customer_id?.value.trim() === "") return fail(new Problem(0, NO_CUSTOMER));
    const request = requestOf(form, lines);
    send.disabled = true;
    try {
      const order = await placeOrder(keyOf(request), request);
      if (draft === form) draft = null;
      showToast(`Order ${shortId(order.id)} placed`);
      navigate({ new: "", order: order.id });
      placed();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      fail(problem);
    } finally {
      send.disabled = false;
    }
  }

  /** Shows the errors of fields there, and the others in an alert. */
  function fail({ title, message, details }) {
    const others = showErrors(form, lines, details).map(sentence).join(" ");
    const text = others || (details.errors ? "Correct the marked fields." : message);
    form.lastChild.before(alertOf({ title, message: text }));
    form.querySelector("[aria-invalid=true]")?.focus();
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

/** Creates a field with a place for its errors. */
function entry(label, name, attributes) {
  const id = `${name}-error`;
  return element("div", { class: "entry" },
    field(label, name, { "aria-describedby": id, ...attributes }), element("p", { class: "error", id }));
}

function newLine() {
  const number = ++lineCount;
  const input = (name, label, rest) =>
    element("input", { name, "aria-label": label, "aria-describedby": `line-${number}`, ...rest });
  const line = element("div", { class: "new-line", role: "group", "aria-label": "Line" },
    input("product_id", "Product", { maxlength: 64 }),
    input("quantity", "Quantity", { type: "number", min: 1, value: 1 }),
    input("unit_price", "Unit price (optional)", { inputmode: "decimal", placeholder: "optional" }),
    button("✕", () => line.remove(), { kind: "close", "aria-label": "Remove line" }),
    element("p", { class: "error", id: `line-${number}` }));
  return line;
}

function addLine(lines) {
  const line = newLine();
  lines.append(line);
  line.querySelector("input").focus();
}

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

/** Shows errors at their fields and lines. @returns {Array} the errors of no shown field */
function showErrors(form, lines, problem) {
  const { errors = [] } = problem;
  const placeOf = ({ loc: [name, position] }) =>
    name === "items" ? !lines.closest("[hidden]") && lines.children[position] : form.elements[name]?.closest(".entry");
  for (const place of [...form.querySelectorAll(".entry"), ...lines.children]) {
    const own = errors.filter((error) => placeOf(error) === place).map(sentence);
    mark(place, [lineErrors(place, problem), own.join(" ")]);
  }
  return errors.filter((error) => !placeOf(error));
}

/** Returns what is wrong with the product of a line, with buttons that correct it. */
function lineErrors(line, { code, shortages = [], prices = [], product_ids: products = [] }) {
  const { product_id: product } = valuesOf(line);
  const isThis = (entry) => entry.product_id === product;
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

function mark(place, messages) {
  const error = place.querySelector(".error");
  fill(error, messages);
  for (const input of place.querySelectorAll("input")) input.setAttribute("aria-invalid", error.hasChildNodes());
}

function set(line, name, value) {
  line.querySelector(`[name=${name}]`).value = value;
  mark(line, []);
}
