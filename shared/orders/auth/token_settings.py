"""Which tokens are accepted: settings from environment variables, as in `orders.config`."""

import os
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from orders.config import ConfigurationError, number

SHARED_SECRET_ALGORITHMS = frozenset({"HS256", "HS384", "HS512"})
PUBLIC_KEY_ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"})


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Which tokens are accepted: algorithms, source of the keys, issuer and audience (empty: not checked).

    Exactly one of `secret_arn`, `public_key` and `jwks_url` is set, and all algorithms are of the matching kind: a
    public key is never used as a shared secret (RFC 8725, section 3.1).

    Attributes:
        required_claims: the claims that a token must have, beside `exp`.
        max_age_hours: the longest lifetime of a token; 0 for any.
    """

    algorithms: tuple[str, ...]
    secret_arn: str
    public_key: str
    jwks_url: str
    issuer: str
    audience: str
    required_claims: tuple[str, ...] = ()
    max_age_hours: int = 0

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``JWT_*``."""
        settings = cls(
            algorithms=_listed(os.environ.get("JWT_ALGORITHMS") or "HS256"),
            secret_arn=os.environ.get("JWT_SECRET_ARN", ""),
            # CloudFormation parameters cannot contain line breaks.
            public_key=os.environ.get("JWT_PUBLIC_KEY", "").replace("\\n", "\n"),
            jwks_url=os.environ.get("JWT_JWKS_URL", ""),
            issuer=os.environ.get("JWT_ISSUER", ""),
            audience=os.environ.get("JWT_AUDIENCE", ""),
            required_claims=_listed(os.environ.get("JWT_REQUIRED_CLAIMS", "")),
            max_age_hours=number("JWT_MAX_AGE_HOURS", os.environ.get("JWT_MAX_AGE_HOURS") or "0"),
        )
        settings.check()
        return settings

    def check(self) -> None:
        """Reject settings that would verify a token with a key of the wrong kind."""
        if sum(map(bool, (self.secret_arn, self.public_key, self.jwks_url))) != 1:
            raise ConfigurationError("set exactly one of JWT_SECRET_ARN, JWT_PUBLIC_KEY and JWT_JWKS_URL")
        allowed = SHARED_SECRET_ALGORITHMS if self.secret_arn else PUBLIC_KEY_ALGORITHMS
        if not self.algorithms or not allowed.issuperset(self.algorithms):
            key = "a shared secret" if self.secret_arn else "a public key"
            choices = ", ".join(sorted(allowed))
            raise ConfigurationError(f"JWT_ALGORITHMS is {','.join(self.algorithms)!r}; {key} allows only {choices}")
        address = urlsplit(self.jwks_url)
        if self.jwks_url and not (address.scheme == "https" and address.hostname):
            raise ConfigurationError(f"JWT_JWKS_URL is {self.jwks_url!r}; it must be https://<host>/<path>")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.replace(" ", "").split(",")))
