"""What a function signs its calls of AWS with: Lambda puts it into the environment, or says there where to get it."""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from threading import Lock
from urllib.parse import urlsplit

from orders.aws.sigv4 import Credentials
from orders.config import ConfigurationError

_RENEWED_BEFORE = timedelta(minutes=10)
"""So long before they run out credentials are asked for anew, as AWS's own libraries do."""
_MAX_BYTES = 65_536
_LINK_LOCAL = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"})
"""Where credentials may be asked for without TLS, beside loopback addresses: what never leaves the machine."""


class CredentialsUnavailable(Exception):
    """There is nothing to sign with; the message says what is missing, and holds nothing of a secret."""


@dataclass(frozen=True, slots=True)
class _Lent:
    """Credentials that run out."""

    credentials: Credentials
    until: datetime


class CredentialSource:
    """Finds the credentials of this execution environment, and keeps those that it had to ask for."""

    def __init__(self) -> None:
        self._lent: _Lent | None = None
        self._one_at_a_time = Lock()

    def get(self, at: datetime) -> Credentials:
        """The credentials that are good at a moment.

        Under SnapStart the environment holds none, as it is part of a snapshot, but says where to ask for them.

        Raises:
            ConfigurationError: the environment neither holds any nor says where they are.
            CredentialsUnavailable: where they are to be had there are none.
        """
        environment = os.environ
        if "AWS_ACCESS_KEY_ID" in environment and "AWS_SECRET_ACCESS_KEY" in environment:
            return Credentials(
                environment["AWS_ACCESS_KEY_ID"],
                environment["AWS_SECRET_ACCESS_KEY"],
                environment.get("AWS_SESSION_TOKEN") or None,
            )
        url = environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        if not url:
            raise ConfigurationError(
                "the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set, and neither is "
                "AWS_CONTAINER_CREDENTIALS_FULL_URI; Lambda sets them"
            )
        with self._one_at_a_time:
            if self._lent is None or at >= self._lent.until - _RENEWED_BEFORE:
                self._lent = _borrow(url, environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
            return self._lent.credentials


def _borrow(url: str, authorization: str | None) -> _Lent:
    from orders.aws.download import DownloadFailed, download

    _check_address(url)
    try:
        answer = json.loads(download(url, {"Authorization": authorization} if authorization else {}, _MAX_BYTES))
        credentials = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"])
        return _Lent(credentials, datetime.fromisoformat(answer["Expiration"]))
    except DownloadFailed as error:
        raise CredentialsUnavailable(str(error)) from error
    except (ValueError, TypeError, KeyError) as error:
        # The error itself might quote a secret.
        raise CredentialsUnavailable(
            f"{url} answers with no credentials ({type(error).__name__}); they are a JSON object with AccessKeyId, "
            "SecretAccessKey, Token and Expiration"
        ) from None


def _check_address(url: str) -> None:
    """Send the token that credentials are asked for with to nobody who could be somebody else."""
    address = urlsplit(url)
    host = address.hostname or ""
    if address.scheme == "https" or (address.scheme == "http" and (host in _LINK_LOCAL or _is_loopback(host))):
        return
    raise ConfigurationError(
        f"AWS_CONTAINER_CREDENTIALS_FULL_URI is {url!r}; it must be an https address, or an http one on this machine"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


credentials = CredentialSource()
"""Those of this execution environment."""
