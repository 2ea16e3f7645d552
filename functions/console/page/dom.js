/** Creates elements. Text is inserted as text, never as markup. */

/** @param {Object} attributes functions become event listeners; false, null and undefined are skipped */
export function element(name, attributes = {}, ...children) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") created.addEventListener(key, value);
    else if (value === true) created.setAttribute(key, "");
    else if (value !== false && value != null) created.setAttribute(key, value);
  }
  created.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return created;
}

/** Creates a button that does not submit a form. @param {string} kind its classes */
export function button(label, click, { kind = "button", ...rest } = {}) {
  return element("button", { type: "button", class: kind, click, ...rest }, label);
}

export function menu(id, label, ...content) {
  return [
    element("button", { type: "button", class: "button menu", id: `${id}-menu`, popovertarget: id }, label),
    element("div", { class: "options", popover: "auto", id }, content),
  ];
}

/** Creates the header of the pane: a title, further elements, and a button to close it. */
export function paneHeader(title, close, ...more) {
  const closeButton = button("✕", close, { kind: "close", id: "close", "aria-label": "Close" });
  return element("header", {}, element("h2", { id: "title", tabindex: "-1" }, title), more, closeButton);
}

/** Replaces the children of an element; a child with the focus keeps it if a new child has the same id. */
export function fill(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Changes a text only if it differs, so that screen readers do not announce it again. */
export function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** Creates a control. @param {Object} attributes `rows` makes a textarea; `options`, values with labels, a select */
export function control({ options, value = "", ...rest }) {
  const choice = ([each, label]) => element("option", { value: each, selected: each === value }, label);
  if (options) return element("select", rest, options.map(choice));
  return rest.rows ? element("textarea", rest, value) : element("input", { ...rest, value });
}

/** Creates a control with its label. @param {Object} attributes those of `control`; `hint` follows the label */
export function field(label, name, { hint = "", ...rest } = {}) {
  return element("label", { class: "field" },
    element("span", {}, `${label} `, element("small", {}, hint)), control({ name, autocomplete: "off", ...rest }));
}
