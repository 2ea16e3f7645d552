/** The token of this tab, and what it says of its owner. What they may do is decided by the API alone. */

const KEY = "orders.token";
const STAFF = ["orders:read", "orders:write"];

/** The claims of a JSON Web Token; null where the text is none. */
function claimsOf(token) {
  try {
    const base64 = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return claims && typeof claims === "object" ? claims : null;
  } catch {
    return null;
  }
}

/** Who a token says that its owner is: the customer, the scopes, and until when (milliseconds). */
function callerOf(token) {
  const claims = claimsOf(token);
  if (!claims) return null;
  const granted = ["scope", "scp", "roles"].flatMap((name) => claims[name] ?? []);
  const scopes = granted.flatMap((scope) => String(scope).split(/\s+/)).concat(claims.is_staff === true ? STAFF : []);
  const customer = claims.customer_id ?? claims.user_id ?? claims.sub;
  return { customer: String(customer ?? ""), scopes: new Set(scopes), expires: Number(claims.exp ?? 0) * 1000 };
}

export function token() {
  return sessionStorage.getItem(KEY);
}

/** Who is signed in in this tab; null for nobody. */
export function caller() {
  return token() && callerOf(token());
}

export function isExpired() {
  return !caller() || caller().expires <= Date.now();
}

export function may(scope) {
  return caller()?.scopes.has(scope);
}

/** Keeps a token for this tab. @returns {string} what is wrong with it; nothing where it was taken */
export function signIn(text) {
  const given = text.trim().replace(/^Bearer\s+/i, "");
  const claimed = callerOf(given);
  if (!claimed) return "This is no token: one has three parts, with dots between.";
  if (claimed.expires <= Date.now()) return `This token expired: ${new Date(claimed.expires).toLocaleString()}.`;
  sessionStorage.setItem(KEY, given);
  return "";
}

export function signOut() {
  sessionStorage.removeItem(KEY);
}
