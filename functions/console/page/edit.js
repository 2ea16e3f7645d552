/**
 * Edits an order's shipping address, reference and note. The order may change meanwhile: fields that only one side has
 * changed are merged, and for one that both have changed the form shows what the order says now.
 */

import { Problem, readOrder, updateOrder } from "./api.js";
import { ask } from "./dialog.js";
import { button, element } from "./dom.js";
import { capitalized, wordsOf } from "./format.js";
import { entry, formValues, showAlert } from "./form.js";
import { addressBlock, addressFields, enteredAddress, fillAddress, ordered } from "./postal-address.js";

const ADDRESS = "shipping_address";
const FIELDS = [ADDRESS, "external_reference", "note"];
const TEXT = "These can be changed until the parcel is made. An empty field is removed.";
const TOO_LATE = { title: "Too late", detail: "The parcel is being made, or the order has ended." };

/** @returns {Promise<Object|null>} the order with the changes; null if the user went back */
export function editOrder(order) {
  let base = order;
  const content = [
    element("fieldset", {}, element("legend", {}, "Shipping address"), addressFields(ADDRESS, order[ADDRESS])),
    entry("External reference", "external_reference", { maxlength: 128, value: order.external_reference }),
    entry("Note", "note", { rows: 3, maxlength: 1000, value: order.note }),
  ];
  return ask({ label: "Edit order", text: TEXT, content, done: "Save" }, save);

  async function save(form) {
    const changes = changesOf(form, base);
    if (!Object.keys(changes).length) return base;
    try {
      return await updateOrder(base, changes);
    } catch (problem) {
      const { code } = problem.details ?? {};
      if (code === "version_mismatch") return merge(form, problem);
      throw code === "order_not_updatable" ? new Problem(problem.status, TOO_LATE) : problem;
    }
  }

  /** Enters what the order says now where nobody has entered anything else, and saves if there is no conflict. */
  async function merge(form, problem) {
    const latest = await readOrder(order.id);
    if (latest.version === base.version) throw problem;
    const [changes, before, now] = [changesOf(form, base), fieldsOf(base), fieldsOf(latest)];
    base = latest;
    for (const name of FIELDS) if (!(name in changes)) set(form, name, now[name]);
    const isConflict = (name) => differ(now[name], before[name]) && differ(now[name], changes[name]);
    const conflicts = Object.keys(changes).filter(isConflict);
    return conflicts.length ? showConflicts(form, conflicts, now) : save(form);
  }
}

/** Returns the fields of a draft that differ from an order's. */
function changesOf(form, order) {
  const [before, draft] = [fieldsOf(order), draftOf(form)];
  const changed = FIELDS.filter((name) => differ(draft[name], before[name]));
  return Object.fromEntries(changed.map((name) => [name, draft[name]]));
}

function showConflicts(form, conflicts, now) {
  const [first] = conflicts.map((name) => showConflict(form, name, now[name]));
  const words = capitalized(conflicts.map(wordsOf).join(", "));
  showAlert(form, "Somebody has changed the order",
    `${words}: compare with what the order says now. Save replaces that with what you entered.`);
  first.focus();
}

/** Shows what the order says now below a field, with a button that enters it there. */
function showConflict(form, name, value) {
  const place = name === ADDRESS ? form.querySelector("fieldset") : form.elements[name].closest(".entry");
  const use = () => {
    set(form, name, value);
    shown.remove();
    place.querySelector("input, textarea").focus();
  };
  const shown = element("div", { class: "alert", role: "group", tabindex: -1, "aria-label": "The order says now" },
    element("small", {}, "Somebody has changed this. The order says now:"),
    name === ADDRESS && value ? addressBlock(value) : element("p", {}, value ?? "nothing"),
    button("Use this", use, { kind: "text", "aria-label": `Use this ${wordsOf(name)}` }));
  place.append(shown);
  return shown;
}

function set(form, name, value) {
  if (name === ADDRESS) fillAddress(form, name, value);
  else form.elements[name].value = value ?? "";
}

/** Returns the fields as an order has them, in the form in which they can be compared with a draft. */
function fieldsOf({ external_reference: reference, note, ...order }) {
  return {
    [ADDRESS]: ordered((name) => order[ADDRESS]?.[name]),
    external_reference: reference,
    note: note?.replaceAll("\r\n", "\n").trim() || null,
  };
}

function draftOf(form) {
  const { external_reference: reference = null, note = null, ...values } = formValues(form);
  return { [ADDRESS]: enteredAddress(values, ADDRESS), external_reference: reference, note };
}

function differ(one, other) {
  return JSON.stringify(one) !== JSON.stringify(other);
}
