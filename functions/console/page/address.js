/** The view that the address bar holds, behind the `#`: nothing of it is sent to a server, and Back works. */

/** The filter's and the sort's parameters, by their names in the API. */
export const FILTERS =
  "status payment_status shipping_status product_id customer_id created_from created_to q sort_by".split(" ");

function parameters() {
  return new URLSearchParams(location.hash.slice(1));
}

/** What is to be seen: the filter, the order that is open, and whether a new one is being made. */
export function view() {
  const found = parameters();
  const filter = Object.fromEntries(FILTERS.filter((name) => found.get(name)).map((name) => [name, found.get(name)]));
  return { filter, order: found.get("order"), isNew: found.has("new") };
}

/** The address of a view that differs from the present one. @param {Object} changes empty values are left out */
export function link(changes) {
  const next = parameters();
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value);
    else next.delete(name);
  }
  return `#${next}`;
}

export function go(changes) {
  location.hash = link(changes);
}

/** Takes the token out of the address, before anything else can see it or the history keeps it. */
export function takeToken() {
  const token = parameters().get("token");
  if (token !== null) history.replaceState(null, "", link({ token: "" }));
  return token;
}
