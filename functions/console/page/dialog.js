/** Modal dialogs. */

import { button, element, field, fill } from "./dom.js";

/**
 * Asks the user to confirm an action. Escape discards entered values when it is pressed again.
 * @param {{label: string, text: string, fields: Array, isDestructive?: boolean}} action fields are arguments of
 *   `field`
 * @returns {Promise<Object|null>} the values of the fields by name; null if the user went back
 */
export function ask({ label, text, fields, isDestructive }) {
  return new Promise((resolve) => {
    const warning = element("p", { class: "error", role: "alert" });
    const form = element("form", { method: "dialog", input: () => fill(warning) },
      element("h2", { id: "dialog-title" }, label),
      element("p", {}, text),
      fields.map((each) => field(...each)),
      warning,
      element("div", { class: "choices" },
        button("Back", () => dialog.close()),
        element("button", { class: `button ${isDestructive ? "danger" : "primary"}`, value: "yes" }, label)));
    const dialog = element("dialog", { "aria-labelledby": "dialog-title" }, form);
    dialog.addEventListener("cancel", (event) => {
      if (warning.hasChildNodes() || !Object.keys(formValues(form)).length) return;
      event.preventDefault();
      fill(warning, "Press Escape again to discard what you entered.");
    });
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes" ? formValues(form) : null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Returns the values of a form by name, without empty ones. */
export function formValues(form) {
  const entries = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
  return Object.fromEntries(entries.filter(([, value]) => value));
}
