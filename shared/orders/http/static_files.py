"""Files as answers: browsers keep them, ask whether they have changed, and get them compressed."""

import base64
import gzip
import hashlib
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
    """A file that is the same for everybody.

    Attributes:
        content: what is in it; text in UTF-8.
        media_type: what kind of file it is.
        cache_control: how long it may be kept.
        headers: further headers of its answer.
    """

    content: bytes
    media_type: str
    cache_control: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """A fingerprint of the content."""
        return hashlib.sha256(self.content).hexdigest()[:16]

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self.content, mtime=0)

    def answer(self, request_headers: Mapping[str, str]) -> Response[str]:
        """Answer with the file, or with 304 for somebody who has it (RFC 9110, section 13.1.2).

        Args:
            request_headers: the request's headers, by names in lower case.
        """
        tag = f'W/"{self.version}"'
        headers = {
            "Cache-Control": self.cache_control,
            "ETag": tag,
            "Vary": "Accept-Encoding",
            **self.headers,
        }
        if is_known(tag, request_headers):
            return Response(HTTPStatus.NOT_MODIFIED, body="", headers=headers)
        content = self.content
        if "gzip" in request_headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            content = self._compressed
        answer = Response(HTTPStatus.OK, self.media_type, base64.b64encode(content).decode(), headers)
        # Powertools does this by itself with bytes, unless their type says JSON.
        answer.base64_encoded = True
        return answer


def page(html: str, policy: Mapping[str, str]) -> StaticFile:
    """A web page that loads nothing from elsewhere; browsers ask each time whether it has changed.

    Args:
        html: its text.
        policy: rules of its Content-Security-Policy that differ from the usual ones, or come on top.
    """
    rules = "; ".join(f"{name} {sources}" for name, sources in {**_PAGE_POLICY, **policy}.items())
    headers = {"Content-Security-Policy": rules, "Referrer-Policy": "no-referrer"}
    return StaticFile(html.encode(), "text/html; charset=utf-8", "no-cache", headers)


def asset(path: Path) -> StaticFile:
    """A script, style or picture of a page, which browsers keep for good: its address is to change with its content."""
    return StaticFile(path.read_bytes(), _ASSET_TYPES[path.suffix], "public, max-age=31536000, immutable")
