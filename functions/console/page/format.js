/** Format money, times and statuses in the user's locale. */

import { element, setText } from "./dom.js";

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const AGE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const NUMBER = new Intl.NumberFormat();
export const ATTENTION = "Needs attention";
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

/** Returns the label of a status, event or reason: `payment_declined` is "Payment declined". */
export function labelOf(name) {
  return capitalized(name.replaceAll(/[._]/g, " "));
}

export function capitalized(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns a reason as text: services state codes such as `card_declined`. */
export function reasonOf(text) {
  return /^[a-z]+(_[a-z]+)+$/.test(text) ? labelOf(text) : text;
}

/** Returns the name of a field in words: `line1` is "address line 1". */
export function wordsOf(name) {
  return String(name).replaceAll("_", " ").replace(/^line(?=\d)/, "address line ");
}

/** Returns a field's error as a sentence: its text follows the field's name, or is a clause of its own. */
export function sentence({ loc, msg }) {
  return `${capitalized(/^(must|is) /.test(msg) ? `${wordsOf(loc.at(-1))} ${msg}` : msg)}.`;
}

/** @param {string} amount a decimal string, formatted without loss of digits */
export function money(amount, currency) {
  return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
}

export function number(value) {
  return NUMBER.format(value);
}

/** Returns the order's number, as people write it. */
export function numberOf(order) {
  return `#${order.number}`;
}

/** Returns the end of an order's id, which is random; its start is a time. */
export function shortId(id) {
  return id.slice(-8);
}

/** Creates a `time` element, precise to the second. @param {string|number|Date} at */
export function moment(at) {
  const date = new Date(at);
  return element("time", { datetime: date.toISOString() }, MOMENT.format(date));
}

export function age(at) {
  const shown = moment(at);
  shown.title = shown.textContent;
  updateAge(shown);
  return shown;
}

export function updateAge(shown) {
  const seconds = Math.max(0, (Date.now() - new Date(shown.dateTime)) / 1000);
  const [unit, length] = UNITS.find(([, long]) => seconds >= long) ?? UNITS.at(-1);
  setText(shown, AGE.format(-Math.floor(seconds / length), unit));
}

export function pill(status) {
  return element("span", { class: "pill", "data-status": status }, labelOf(status));
}
