/** The view in the URL's fragment: it is not sent to a server, and the browser's Back button works. */

/** The parameters of filter and sort, named as in the API. */
export const FILTERS = (
  "status payment_status shipping_status product_id customer_id created_from created_to q needs_attention sort_by"
).split(" ");

function parameters() {
  return new URLSearchParams(location.hash.slice(1));
}

/** Returns the filter, the id of the open order, and whether the form for a new order is open. */
export function view() {
  const values = parameters();
  const filter = Object.fromEntries(FILTERS.filter((name) => values.get(name)).map((name) => [name, values.get(name)]));
  return { filter, order: values.get("order"), isNew: values.has("new") };
}

/** Returns the URL's fragment with changes. @param {Object} changes empty values remove parameters */
export function link(changes) {
  const next = parameters();
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  return `#${next}`;
}

export function navigate(changes) {
  location.hash = link(changes);
}

/** Removes the token from the URL and the history, and returns it. */
export function takeToken() {
  const token = parameters().get("token");
  if (token !== null) history.replaceState(null, "", link({ token: "" }));
  return token;
}
