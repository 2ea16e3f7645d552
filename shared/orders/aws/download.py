"""Fetch a small document over HTTP or HTTPS."""

from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPException
from urllib.parse import urlsplit

from orders.aws.connections import new_connection, target_of

_TIMEOUT_SECONDS = 3
_OK = 200


class DownloadFailed(Exception):
    """There is no usable response. The message gives the cause and quotes nothing of a response."""


def download(url: str, headers: Mapping[str, str], max_bytes: int) -> bytes:
    """Return the body at an http or https URL. Redirects are not followed: only the host in the URL is trusted.

    Raises:
        DownloadFailed: no response, a status other than 200, or a body longer than `max_bytes`.
    """
    address = urlsplit(url)
    try:
        with closing(new_connection(address, _TIMEOUT_SECONDS)) as connection:
            connection.request(
                "GET", target_of(address), headers={"Accept": "application/json", "User-Agent": "orders", **headers}
            )
            # An unread rest of the body would keep the socket open.
            with closing(connection.getresponse()) as response:
                body = response.read(max_bytes + 1)
    except (OSError, HTTPException) as error:
        raise DownloadFailed(f"{url} does not answer: {type(error).__name__}: {error}") from error
    if response.status != _OK:
        raise DownloadFailed(f"{url} returned status {response.status}; expected {_OK}, without a redirect")
    if len(body) > max_bytes:
        raise DownloadFailed(f"{url} returned more than {max_bytes} bytes")
    return body
