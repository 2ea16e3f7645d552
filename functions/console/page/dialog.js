/** Modal dialogs. */

import { button, element, field } from "./dom.js";

/**
 * Asks once. @param {{label: string, text: string, fields: Array, isGrave?: boolean}} action each of the fields is the
 *   arguments of `field`
 * @returns {Promise<Object|null>} what was filled in, by name; null where the reader thought better of it
 */
export function ask({ label, text, fields, isGrave }) {
  return new Promise((resolve) => {
    const form = element("form", { method: "dialog" },
      element("h2", { id: "dialog-title" }, label),
      element("p", {}, text),
      fields.map((each) => field(...each)),
      element("div", { class: "choices" },
        button("Back", () => dialog.close()),
        element("button", { class: `button ${isGrave ? "grave" : "primary"}`, value: "yes" }, label)));
    const dialog = element("dialog", { "aria-labelledby": "dialog-title" }, form);
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? filledIn(form) : null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** What a form holds, by name, without what was left empty. */
export function filledIn(form) {
  const entries = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
  return Object.fromEntries(entries.filter(([, value]) => value));
}
