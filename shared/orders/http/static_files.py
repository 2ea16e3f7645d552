"""Serve static files with cache headers, entity tags and compression."""

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from orders.http.preconditions import is_known

_ASSET_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
_REFUSED = re.compile(r"q=0(\.0{0,3})?", re.IGNORECASE)
_PAGE_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


@dataclass(frozen=True)
class StaticFile:
    """A static file, the same for every caller.

    Attributes:
        content: its bytes; text is in UTF-8.
        media_type: its ``Content-Type``.
        cache_control: its ``Cache-Control``.
        headers: further headers of the response.
        always_compressed: whether it is sent compressed whatever the caller accepts.
    """

    content: bytes
    media_type: str
    cache_control: str
    headers: Mapping[str, str] = field(default_factory=dict)
    always_compressed: bool = False

    @cached_property
    def version(self) -> str:
        """A hash of the content."""
        return hashlib.sha256(self.content).hexdigest()[:16]

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self.content, mtime=0)

    def answer(self, request_headers: Mapping[str, str]) -> Response[str]:
        """Answer with the file, or with 304 if the caller already has it (RFC 9110, section 13.1.2).

        Args:
            request_headers: the request's headers; names in lower case.
        """
        tag = f'W/"{self.version}"'
        headers = {
            "Cache-Control": self.cache_control,
            "ETag": tag,
            **({} if self.always_compressed else {"Vary": "Accept-Encoding"}),
            **self.headers,
        }
        if is_known(tag, request_headers):
            return Response(HTTPStatus.NOT_MODIFIED, body="", headers=headers)
        content = self.content
        if self.always_compressed or _accepts_gzip(request_headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "gzip"
            content = self._compressed
        answer = Response(HTTPStatus.OK, self.media_type, base64.b64encode(content).decode(), headers)
        # Powertools encodes bytes by itself, but not those of JSON types.
        answer.base64_encoded = True
        return answer


def _accepts_gzip(accepted: str) -> bool:
    """Whether a caller accepts gzip, by its ``Accept-Encoding`` (RFC 9110, section 12.5.3); one without it may not."""
    weights = {
        coding.strip().lower(): weight.strip()
        for coding, _, weight in (entry.partition(";") for entry in accepted.split(","))
    }
    named = weights.get("gzip", weights.get("*"))
    return named is not None and not _REFUSED.fullmatch(named)


def page(html: str, policy: Mapping[str, str]) -> StaticFile:
    """Return a web page that loads nothing from other origins; browsers revalidate it on each use.

    Args:
        html: its text.
        policy: rules of its Content-Security-Policy that override the default ones or are added to them.
    """
    rules = "; ".join(f"{name} {sources}" for name, sources in {**_PAGE_POLICY, **policy}.items())
    headers = {"Content-Security-Policy": rules, "Referrer-Policy": "no-referrer"}
    return StaticFile(html.encode(), "text/html; charset=utf-8", "no-cache", headers)


def asset(path: Path) -> StaticFile:
    """Return a script, style or image that browsers cache for a year: its URL must change with its content.

    It is always compressed, as browsers take it so, and so that nobody can ask for several times as much.
    """
    cache_control = "public, max-age=31536000, immutable"
    return StaticFile(path.read_bytes(), _ASSET_TYPES[path.suffix], cache_control, always_compressed=True)
