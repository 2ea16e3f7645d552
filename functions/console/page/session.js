/** This tab's token and its unverified claims; only the API decides what the user may do. */

const KEY = "orders.token";

/** Decodes the claims of a JSON Web Token; null if it is invalid. */
function claimsOf(token) {
  try {
    const base64 = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return Object(claims) === claims ? claims : null;
  } catch {
    return null;
  }
}

/** Returns the token's customer, scopes and expiry time (milliseconds); null if it is invalid. */
export function callerOf(token) {
  const claims = claimsOf(token);
  if (!claims) return null;
  const granted = ["scope", "scp", "roles"].flatMap((name) => claims[name] ?? []);
  const scopes = granted.join(" ").split(/\s+/).concat(claims.is_staff === true ? ["orders:read", "orders:write"] : []);
  const customer = claims.customer_id ?? claims.user_id ?? claims.sub;
  return { customer: String(customer ?? ""), scopes: new Set(scopes), expires: (claims.exp ?? 0) * 1000 };
}

export const token = () => sessionStorage.getItem(KEY);

export function caller() {
  return token() && callerOf(token());
}

export function isExpired() {
  return !(caller()?.expires > Date.now());
}

/** `orders:write` has all but `orders:read`. */
export function may(scope) {
  const scopes = caller()?.scopes;
  return scopes?.has(scope) || (scope !== "orders:read" && scopes?.has("orders:write"));
}

/** Stores a token for this tab. @returns {string} why it was rejected; empty if it was accepted */
export function signIn(text) {
  const candidate = text.trim().replace(/^Bearer\s+/i, "");
  const user = callerOf(candidate);
  if (!user) return "Not a valid token: it must have three parts separated by dots.";
  if (user.expires <= Date.now()) return `This token expired at ${new Date(user.expires).toLocaleString()}.`;
  sessionStorage.setItem(KEY, candidate);
  return "";
}

export function signOut() {
  sessionStorage.removeItem(KEY);
}
