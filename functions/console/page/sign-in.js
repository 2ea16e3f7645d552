/** Signing in, at first and again: over whatever is on the page, which stays as it is. */

import { button, element, field } from "./dom.js";
import { caller, signIn } from "./session.js";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];
const STAFF = "orders:read orders:write";
const WORDS = {
  missing: ["Sign in to see orders", "Paste a token. It stays in this tab, and goes to the orders API only."],
  expired: ["Your sign-in has ended", "Paste a new token, and go on where you were."],
  refused: ["Your token was not accepted", "Paste another one, and go on where you were."],
};
let asking = null;

/** Asks for a token until there is one. @param {"missing"|"expired"|"refused"} reason */
export function askForToken(reason) {
  asking ??= show(reason).finally(() => (asking = null));
  return asking;
}

function show(reason) {
  return new Promise((resolve) => {
    const before = caller();
    const error = element("p", { class: "wrong", id: "token-error", role: "alert" });
    const take = (text) => {
      error.textContent = signIn(text);
      if (error.textContent) return;
      dialog.close();
      dialog.remove();
      document.dispatchEvent(new Event("signed-in"));
      // What is on the page is somebody else's.
      if (before && said(before) !== said(caller())) location.reload();
      else resolve();
    };
    const submit = (event) => {
      event.preventDefault();
      take(form.elements.token.value);
    };
    const form = element("form", { submit },
      element("h2", { id: "sign-in-title" }, WORDS[reason][0]),
      element("p", {}, WORDS[reason][1]),
      field("Token", "token", { rows: 3, required: true, "aria-describedby": "token-error", placeholder: "eyJ…" }),
      error,
      element("button", { class: "button primary" }, "Sign in"),
    );
    const dialog = element("dialog", { class: reason, "aria-labelledby": "sign-in-title", closedby: "none" },
      form, LOOPBACK.includes(location.hostname) && localChoices(take, (text) => (error.textContent = text)));
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Who somebody is and what they may do, in one text. */
function said({ customer, scopes }) {
  return [customer, ...[...scopes].sort()].join(" ");
}

/** The local stack makes tokens for whoever asks on the machine that it runs on. */
function localChoices(take, fail) {
  const make = (scope) => async () => {
    const answer = await fetch("/local/token", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ customer: customer.querySelector("input").value.trim() || "5", scope }),
    }).catch(() => null);
    if (answer?.ok) take((await answer.json()).token);
    else fail("The local stack made no token; `make token` prints one.");
  };
  const customer = field("Customer", "local-customer", { value: "5" });
  return element("div", { class: "local" },
    element("h3", {}, "On this machine"),
    customer,
    element("div", { class: "choices" },
      button("As customer", make("")), button("As support", make(STAFF))),
  );
}
