/** Forms: their values, and errors beside their fields. */

import { element, field, fill } from "./dom.js";
import { sentence } from "./format.js";
import { alertOf } from "./notice.js";

/** Creates a field with a place for its errors. */
export function entry(label, name, attributes) {
  const id = `${name}-error`;
  return element("div", { class: "entry" },
    field(label, name, { "aria-describedby": id, ...attributes }), element("p", { class: "error", id }));
}

/** Returns the values of a form by name, without empty ones. */
export function formValues(form) {
  const entries = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
  return Object.fromEntries(entries.filter(([, value]) => value));
}

/** Returns all that is entered as one text, which tells whether a form has changed. */
export function contentsOf(form) {
  return `${new URLSearchParams(new FormData(form))}`;
}

/** Shows the errors of fields there, and the others in an alert; rows and more are those of `showErrors`. */
export function showFailure(form, { title, message, details }, rows, more) {
  const others = showErrors(form, details, rows, more).map(sentence).join(" ");
  showAlert(form, title, others || (details.errors ? "Correct the marked fields." : message));
  form.querySelector("[aria-invalid=true]")?.focus();
}

export function showAlert(form, title, message) {
  form.lastChild.before(alertOf({ title, message }));
}

export function clearErrors(form) {
  form.querySelectorAll(".alert").forEach((shown) => shown.remove());
  showErrors(form, {});
}

/**
 * Shows errors at their fields and rows.
 * @param {Object} rows places of rows, by the name of the list that they are
 * @param {function(Element): Array} more further messages about a row
 * @returns {Array} the errors of no shown field
 */
function showErrors(form, { errors = [] }, rows = {}, more = () => []) {
  const placeOf = ({ loc }) => {
    const row = rows[loc[0]]?.children[loc[1]];
    const place = row ?? form.elements[loc.join(".")]?.closest(".entry");
    return place?.closest("[hidden]") ? undefined : place;
  };
  for (const place of form.querySelectorAll(".entry, .row")) {
    const own = errors.filter((error) => placeOf(error) === place).map(sentence).join(" ");
    mark(place, place.matches(".row") && more(place), own);
  }
  return errors.filter((error) => !placeOf(error));
}

/** Shows messages about a field or a row, or none. */
export function mark(place, ...messages) {
  const error = place.querySelector(".error");
  fill(error, messages);
  const isInvalid = error.hasChildNodes();
  place.querySelectorAll("input, select, textarea").forEach((each) => each.setAttribute("aria-invalid", isInvalid));
  if (isInvalid) place.closest("details")?.setAttribute("open", "");
}
