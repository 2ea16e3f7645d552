/** What the console tells its reader: short messages that go by, and problems that stay. */

import { element } from "./dom.js";

const SHOWN_MILLISECONDS = 6000;

/** Says something in passing. */
export function say(text) {
  const toast = element("p", { class: "toast" }, text);
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), SHOWN_MILLISECONDS);
}

/** What stands where something is being loaded. */
export function skeleton(rows) {
  const bones = Array.from({ length: rows }, () => element("span", { class: "bone" }));
  return element("div", { class: "skeleton", role: "status", "aria-label": "Loading" }, bones);
}

/** A problem, in the API's words. @param {...(Node|false)} ways what the reader can do about it */
export function alertOf(problem, ...ways) {
  const said = [element("strong", {}, problem.title), element("p", {}, problem.message)];
  return element("div", { class: "alert", role: "alert" }, said, ways);
}
