/** Making elements. Text goes in as text, never as markup. */

/**
 * @param {string} name
 * @param {Object} attributes functions listen to the event of their name; false, null and undefined are left out
 * @param {...(Node|string|null|false|Array)} children
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return made;
}

/** A button that does no more than what is told here. @param {string} kind classes beside `button` */
export function button(label, click, { kind = "button", ...rest } = {}) {
  return element("button", { type: "button", class: kind, click, ...rest }, label);
}

/** A button, and what it unfolds. */
export function menu(id, label, ...content) {
  return [
    element("button", { type: "button", class: "button menu", id: `${id}-menu`, popovertarget: id }, label),
    element("div", { class: "options", popover: "auto", id }, content),
  ];
}

/** The top of the pane: a title, what stands beside it, and the way out. */
export function paneHeader(title, leave, ...more) {
  const close = button("✕", leave, { kind: "close", id: "close", "aria-label": "Close" });
  return element("header", {}, element("h2", { id: "title", tabindex: "-1" }, title), more, close);
}

/** Replaces what is in an element; what had the focus there has it again if it is still to be found, by its id. */
export function fill(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...children.flat(Infinity).filter(Boolean));
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Changes a text, if it is another one: nothing is read out that has been said. */
export function setText(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** A text field with its label. @param {Object} attributes with `rows` for several lines, `hint` beside the label */
export function field(label, name, attributes = {}) {
  const { hint = "", ...rest } = attributes;
  const control = element(rest.rows ? "textarea" : "input", { name, autocomplete: "off", ...rest });
  return element("label", { class: "field" }, element("span", {}, `${label} `, element("small", {}, hint)), control);
}
