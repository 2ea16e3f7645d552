"""Read what stands at an address."""

from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPException
from urllib.parse import urlsplit, urlunsplit

from orders.aws.tls import connection_to

_TIMEOUT_SECONDS = 3
_OK = 200


class DownloadFailed(Exception):
    """There is nothing that can be used; the message says why, and holds nothing of an answer."""


def download(url: str, headers: Mapping[str, str], max_bytes: int) -> bytes:
    """What stands at an http or https address; a redirect is not followed, as answers are trusted for where they stand.

    Raises:
        DownloadFailed: no answer, another one than 200, or one that is too long.
    """
    address = urlsplit(url)
    target = urlunsplit(("", "", address.path or "/", address.query, ""))
    try:
        with closing(connection_to(address, _TIMEOUT_SECONDS)) as connection:
            connection.request("GET", target, headers={"Accept": "application/json", "User-Agent": "orders", **headers})
            answer = connection.getresponse()
            body = answer.read(max_bytes + 1)
    except (OSError, HTTPException) as error:
        raise DownloadFailed(f"{url} does not answer: {type(error).__name__}: {error}") from error
    if answer.status != _OK:
        raise DownloadFailed(f"{url} answers {answer.status}; it should be {_OK}, and without a redirect")
    if len(body) > max_bytes:
        raise DownloadFailed(f"{url} answers with more than {max_bytes} bytes")
    return body
