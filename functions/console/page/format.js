/** Money, moments and statuses in words, in the reader's locale. */

import { element, setText } from "./dom.js";

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const AGE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const NUMBER = new Intl.NumberFormat();
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];

/** The name of a status, an event or a reason, for people. */
export function words(name) {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll(/[._]/g, " ");
}

/** @param {string} amount a decimal string, shown to its last digit */
export function money(amount, currency) {
  return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
}

export function number(value) {
  return NUMBER.format(value);
}

/** The end of an order's id, which tells orders apart; its beginning is the time. */
export function shortId(id) {
  return id.slice(-8);
}

/** A moment to the second. @param {string|number|Date} at */
export function moment(at) {
  const date = new Date(at);
  return element("time", { datetime: date.toISOString() }, MOMENT.format(date));
}

/** How long ago something was. */
export function age(at) {
  const shown = moment(at);
  shown.title = shown.textContent;
  tellAge(shown);
  return shown;
}

/** Brings the age in a `time` element up to date. */
export function tellAge(shown) {
  const seconds = Math.max(0, (Date.now() - new Date(shown.dateTime)) / 1000);
  const [unit, length] = UNITS.find(([, long]) => seconds >= long) ?? UNITS.at(-1);
  setText(shown, AGE.format(-Math.floor(seconds / length), unit));
}

/** A status as a coloured label. */
export function pill(status) {
  return element("span", { class: "pill", "data-status": status }, words(status));
}
