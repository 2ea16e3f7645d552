/** Notices: toasts, loading placeholders and alerts. */

import { element } from "./dom.js";

const SHOWN_MILLISECONDS = 6000;

export function showToast(text) {
  const toast = element("p", { class: "toast" }, text);
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), SHOWN_MILLISECONDS);
}

export function skeleton(rows) {
  const bones = Array.from({ length: rows }, () => element("span", { class: "bone" }));
  return element("div", { class: "skeleton", role: "status", "aria-label": "Loading" }, bones);
}

export function alertOf(problem, ...actions) {
  const text = [element("strong", {}, problem.title), element("p", {}, problem.message)];
  return element("div", { class: "alert", role: "alert" }, text, actions);
}
