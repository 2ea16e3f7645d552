"""Sign bearer tokens, in place of a user service."""

import datetime as dt
import secrets
from pathlib import Path

import jwt

ALGORITHM = "HS256"
SECRET_BYTES = 32
LIFETIME = dt.timedelta(hours=12)
OWNER_ONLY = 0o600


def shared_secret(state: Path) -> str:
    """Return the secret that signs the tokens of a stack; create it if there is none.

    Args:
        state: The stack's state folder; the secret is its file `jwt-secret`, readable only by its owner.
    """
    path = state / "jwt-secret"
    state.mkdir(parents=True, exist_ok=True)
    try:
        path.touch(mode=OWNER_ONLY, exist_ok=False)
    except FileExistsError:
        return path.read_text().strip()
    secret = secrets.token_urlsafe(SECRET_BYTES)
    path.write_text(secret)
    return secret


def sign(secret: str, customer: str, scope: str = "", *, now: dt.datetime | None = None) -> str:
    """Return a token that is valid for twelve hours.

    Args:
        secret: The secret shared with the authorizer.
        customer: The caller: the claims `sub` and `customer_id`.
        scope: Scopes, separated by spaces.
        now: Time of issue; now by default.
    """
    now = now or dt.datetime.now(dt.UTC)
    claims = {"sub": customer, "customer_id": customer, "iat": now, "exp": now + LIFETIME}
    return jwt.encode(claims | ({"scope": scope} if scope else {}), secret, algorithm=ALGORITHM)
