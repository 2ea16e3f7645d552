/** The sign-in dialog. It opens over the page, which keeps its state. */

import { button, element, field } from "./dom.js";
import { caller, signIn } from "./session.js";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const STAFF = "orders:read orders:write";
const WORDS = {
  missing: ["Sign in", "Paste a token. It is kept in this tab and sent only to the orders API."],
  expired: ["Your session has expired", "Paste a new token to continue."],
  rejected: ["Your token was rejected", "Paste another token to continue."],
};
let pending = null;

/** Opens the dialog until a token is accepted. @param {"missing"|"expired"|"rejected"} reason */
export function askForToken(reason) {
  pending ??= show(reason).finally(() => (pending = null));
  return pending;
}

function show(reason) {
  return new Promise((resolve) => {
    const before = caller();
    const error = element("p", { class: "error", id: "token-error", role: "alert" });
    const accept = (text) => {
      error.textContent = signIn(text);
      if (error.textContent) return;
      dialog.close();
      dialog.remove();
      document.dispatchEvent(new Event("signed-in"));
      // The page shows what another user, or other scopes, may see.
      if (before && identityOf(before) !== identityOf(caller())) location.reload();
      else resolve();
    };
    const submit = (event) => {
      event.preventDefault();
      accept(form.elements.token.value);
    };
    const form = element("form", { submit },
      element("h2", { id: "sign-in-title" }, WORDS[reason][0]),
      element("p", {}, WORDS[reason][1]),
      field("Token", "token", { rows: 3, required: true, "aria-describedby": "token-error", placeholder: "eyJ…" }),
      error,
      element("button", { class: "button primary" }, "Sign in"),
    );
    const dialog = element("dialog", { class: reason, "aria-labelledby": "sign-in-title", closedby: "none" },
      form, LOOPBACK.includes(location.hostname) && localChoices(accept, (text) => (error.textContent = text)));
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Returns a string that identifies a user and their scopes. */
function identityOf({ customer, scopes }) {
  return [customer, ...[...scopes].sort()].join(" ");
}

function localChoices(accept, fail) {
  const request = (scope) => async () => {
    const answer = await fetch("/local/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ customer: customer.querySelector("input").value.trim() || "5", scope }),
    }).catch(() => null);
    if (answer?.ok) accept((await answer.json()).token);
    else fail("The local stack did not issue a token; run `make token` to print one.");
  };
  const customer = field("Customer", "local-customer", { value: "5" });
  return element("div", { class: "local" },
    element("h3", {}, "Local stack"),
    customer,
    element("div", { class: "choices" },
      button("As customer", request("")), button("As support", request(STAFF))),
  );
}
