import datetime as dt
import stat
from pathlib import Path

import jwt

from local import tokens

NOW = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)


def test_given_a_customer_when_signed_then_the_claims_are_theirs_for_twelve_hours() -> None:
    token = tokens.sign("s" * 32, "5", "orders:read orders:write", now=NOW)
    claims = jwt.decode(token, "s" * 32, ["HS256"], options={"verify_exp": False, "verify_iat": False})
    assert claims == {
        "sub": "5",
        "customer_id": "5",
        "scope": "orders:read orders:write",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 12 * 3600,
    }


def test_given_no_scope_when_signed_then_there_is_no_scope_claim() -> None:
    assert "scope" not in jwt.decode(tokens.sign("s" * 32, "5"), "s" * 32, ["HS256"])


def test_given_no_secret_when_requested_then_one_is_created_private_and_kept(tmp_path: Path) -> None:
    state = tmp_path / "new"
    secret = tokens.shared_secret(state)
    assert len(secret) >= 32
    assert stat.S_IMODE((state / "jwt-secret").stat().st_mode) == 0o600
    assert tokens.shared_secret(state) == secret
    assert tokens.shared_secret(tmp_path / "another") != secret
