"""Files as answers: browsers keep them, ask whether they have changed, and get them compressed."""

import base64
import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from orders.preconditions import is_known


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
