/** Modal dialogs. */

import { Problem } from "./api.js";
import { button, element, field, fill } from "./dom.js";
import { clearErrors, contentsOf, formValues, showFailure } from "./form.js";

/**
 * Asks the user to confirm an action. Escape discards entered values when it is pressed again.
 * @param {Object} action its label and text; `fields`, arguments of `field`; `content`, elements; `done`, the label of
 *   the button that submits
 * @param {function(HTMLFormElement): *} submit returns the answer, or undefined to keep the dialog open; a Problem that
 *   it throws is shown in the dialog
 * @returns {Promise<Object|null>} the answer, which is the values of the fields by name; null if the user went back
 */
export function ask({ label, text, fields = [], content = [], done = label, isDestructive }, submit = formValues) {
  return new Promise((resolve) => {
    let answer = null;
    let isBusy = false;
    const warning = element("p", { class: "error", role: "alert" });
    const form = element("form", { novalidate: true, input: () => fill(warning), submit: onSubmit },
      element("h2", { id: "dialog-title" }, label),
      element("p", {}, text),
      fields.map((each) => field(...each)),
      content,
      warning,
      element("div", { class: "choices" },
        button("Back", () => dialog.close()),
        element("button", { class: `button ${isDestructive ? "danger" : "primary"}` }, done)));
    const dialog = element("dialog", { class: content.length && "wide", "aria-labelledby": "dialog-title" }, form);
    dialog.addEventListener("cancel", (event) => {
      if (warning.hasChildNodes() || contentsOf(form) === before) return;
      event.preventDefault();
      fill(warning, "Press Escape again to discard what you entered.");
    });
    dialog.addEventListener("close", () => {
      resolve(answer);
      dialog.remove();
    });
    const before = contentsOf(form);
    document.body.append(dialog);
    dialog.showModal();

    async function onSubmit(event) {
      event.preventDefault();
      if (isBusy) return;
      isBusy = true;
      clearErrors(form);
      try {
        const submitted = await submit(form);
        if (submitted === undefined) return;
        answer = submitted;
        dialog.close();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        showFailure(form, problem);
      } finally {
        isBusy = false;
      }
    }
  });
}
