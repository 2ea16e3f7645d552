/** What the page shows of an order: facts, addresses, lines with the sums below them, and the timeline. */

import { element } from "./dom.js";
import { labelOf, moment, money, number, reasonOf, wordsOf } from "./format.js";
import { addressBlock } from "./postal-address.js";

/** Creates a list of names and values; those without a value are left out. A third item is the class of a row. */
export function facts(rows) {
  const shown = rows.filter(([, value]) => value);
  return shown.length > 0 && element("dl", { class: "facts" }, shown.map(([name, value, kind]) =>
    element("div", { class: kind }, element("dt", {}, name), element("dd", {}, value))));
}

export function addresses({ shipping_address: to, billing_address: billing }) {
  const isSame = to && JSON.stringify(to) === JSON.stringify(billing);
  return facts([
    ["Shipping address", to && addressBlock(to)],
    ["Billing address", isSame ? "The same address" : billing && addressBlock(billing)],
  ]);
}

export function metadata({ metadata: pairs }) {
  const shown = facts(Object.entries(pairs));
  return shown && [element("h3", {}, "Metadata"), shown];
}

/** Creates the table of lines, with adjustments between their sum and the total, as on an invoice. */
export function lines({ items, adjustments, currency, subtotal, total }) {
  const columns = ["Product", "Quantity", "Price", "Total"];
  const amount = (value) => element("td", { class: "number" }, money(value, currency));
  const sum = (kind, value, ...label) =>
    element("tr", { class: kind }, element("th", { scope: "row", colspan: 3 }, label), amount(value));
  return element("table", { class: "lines" },
    element("thead", {}, element("tr", {}, columns.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, items.map((line) => element("tr", {},
      element("th", { scope: "row" }, named(line.name, line.product_id)),
      element("td", { class: "number" }, number(line.quantity)),
      amount(line.unit_price),
      amount(line.line_total)))),
    element("tfoot", {},
      adjustments.length > 0 && sum("", subtotal, "Subtotal"),
      adjustments.map(({ kind, amount: value, description }) => sum("", value, named(description, labelOf(kind)))),
      sum("total", total, "Total")));
}

/** Returns a name with what it names below it; the latter alone without a name. */
function named(name, what) {
  return name ? [name, element("small", {}, what)] : what;
}

export function timeline(events) {
  return element("ol", { class: "timeline" }, events.toReversed().map(event));
}

function event({ event: name, actor, reason, changed_fields: changed, occurred_at: at, status }) {
  const more = [`by ${actor}`, reason && reasonOf(reason), changed && `changed ${changed.map(wordsOf).join(", ")}`];
  return element("li", { "data-status": status },
    element("strong", {}, labelOf(name)),
    element("span", { class: "quiet" }, moment(at)),
    element("p", {}, more.filter(Boolean).join(" · ")));
}
