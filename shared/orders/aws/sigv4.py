"""Sign requests with AWS Signature Version 4 (AWS's documentation, "Create a signed AWS API request")."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import quote

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key. Temporary ones have a session token."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Signer:
    """Sign requests to one service in one region."""

    credentials: Credentials
    service: str
    region: str

    def sign_headers(self, host: str, headers: Mapping[str, str], body: bytes, at: datetime) -> dict[str, str]:
        """Sign a POST to ``/`` and return all of its headers.

        Args:
            host: the Host header: the port is included unless it is the default of the scheme.
            headers: further headers, with names in lower case.
            body: the body of the request.
            at: the time of signing; AWS accepts the request for five minutes.
        """
        time = _timestamp(at)
        signed = {**headers, "host": host, "x-amz-date": time}
        if self.credentials.session_token:
            signed["x-amz-security-token"] = self.credentials.session_token
        signature = self._signature("POST", "", signed, body, time)
        authorization = (
            f"{_ALGORITHM} Credential={self._credential(time)}, SignedHeaders={_names(signed)}, Signature={signature}"
        )
        return {**signed, "authorization": authorization}

    def presign(self, host: str, parameters: Mapping[str, str], expires_seconds: int, at: datetime) -> str:
        """Return the query string of a presigned GET of ``/``.

        Args:
            host: the Host header: the port is included unless it is the default of the scheme.
            parameters: the parameters of the request.
            expires_seconds: how long the signature is valid.
            at: the time of signing.
        """
        signed, time = {"host": host}, _timestamp(at)
        token = self.credentials.session_token
        query = _query(
            {
                **parameters,
                "X-Amz-Algorithm": _ALGORITHM,
                "X-Amz-Credential": self._credential(time),
                "X-Amz-Date": time,
                "X-Amz-Expires": str(expires_seconds),
                "X-Amz-SignedHeaders": _names(signed),
                **({"X-Amz-Security-Token": token} if token else {}),
            }
        )
        return f"{query}&X-Amz-Signature={self._signature('GET', query, signed, b'', time)}"

    def _credential(self, time: str) -> str:
        return f"{self.credentials.access_key_id}/{self._scope(time)}"

    def _scope(self, time: str) -> str:
        date = time.partition("T")[0]
        return f"{date}/{self.region}/{self.service}/aws4_request"

    def _signature(self, method: str, query: str, headers: Mapping[str, str], body: bytes, time: str) -> str:
        lines = [f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)]
        request = "\n".join([method, "/", query, *lines, "", _names(headers), hashlib.sha256(body).hexdigest()])
        digest = hashlib.sha256(request.encode()).hexdigest()
        scope = self._scope(time)
        key = _key(self.credentials.secret_access_key, scope)
        return hmac.digest(key, f"{_ALGORITHM}\n{time}\n{scope}\n{digest}".encode(), "sha256").hex()


@lru_cache(maxsize=8)
def _key(secret: str, scope: str) -> bytes:
    """Return the key of a day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _timestamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _query(parameters: Mapping[str, str]) -> str:
    # Sort by name before joining: as one text, "a-=1" would come before "a=1".
    quoted = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in quoted)
