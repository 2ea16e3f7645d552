"""Sign requests with AWS Signature Version 4 (AWS's documentation, "Create a signed AWS API request")."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
        signed = {**headers, "host": host, "x-amz-date": _timestamp(at)}
        if self.credentials.session_token:
            signed["x-amz-security-token"] = self.credentials.session_token
        signature = self._signature("POST", "", signed, body, at)
        authorization = (
            f"{_ALGORITHM} Credential={self._credential(at)}, SignedHeaders={_names(signed)}, Signature={signature}"
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
        signed = {"host": host}
        token = self.credentials.session_token
        query = _query(
            {
                **parameters,
                "X-Amz-Algorithm": _ALGORITHM,
                "X-Amz-Credential": self._credential(at),
                "X-Amz-Date": _timestamp(at),
                "X-Amz-Expires": str(expires_seconds),
                "X-Amz-SignedHeaders": _names(signed),
                **({"X-Amz-Security-Token": token} if token else {}),
            }
        )
        return f"{query}&X-Amz-Signature={self._signature('GET', query, signed, b'', at)}"

    def _credential(self, at: datetime) -> str:
        return f"{self.credentials.access_key_id}/{self._scope(at)}"

    def _scope(self, at: datetime) -> str:
        return f"{at:%Y%m%d}/{self.region}/{self.service}/aws4_request"

    def _signature(self, method: str, query: str, headers: Mapping[str, str], body: bytes, at: datetime) -> str:
        lines = [f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)]
        request = "\n".join([method, "/", query, *lines, "", _names(headers), hashlib.sha256(body).hexdigest()])
        digest = hashlib.sha256(request.encode()).hexdigest()
        key = f"AWS4{self.credentials.secret_access_key}".encode()
        for part in self._scope(at).split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.digest(key, f"{_ALGORITHM}\n{_timestamp(at)}\n{self._scope(at)}\n{digest}".encode(), "sha256").hex()


def _timestamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


def _names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(headers))


def _query(parameters: Mapping[str, str]) -> str:
    # Sort by name before joining: as one text, "a-=1" would come before "a=1".
    quoted = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in quoted)
