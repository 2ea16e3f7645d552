"""The credentials of the function's role. Lambda sets them as environment variables, or serves them at a local URL."""

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from urllib.parse import urlsplit

from orders.aws.sigv4 import Credentials
from orders.config import ConfigurationError

_REFRESH_BEFORE_EXPIRY = timedelta(minutes=10)
"""The same margin as in AWS's SDKs."""
_MAX_BYTES = 65_536
_HOSTS_WITHOUT_TLS = frozenset({"localhost", "127.0.0.1", "::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
"""Loopback and link-local addresses that serve credentials: requests to them never leave the machine."""


class CredentialsUnavailable(Exception):
    """The endpoint returned no credentials. The message gives the cause and contains no secret."""


@dataclass(frozen=True, slots=True)
class ExpiringCredentials:
    """Temporary credentials and the time when they expire."""

    credentials: Credentials
    expires_at: datetime


class CredentialProvider:
    """Return the credentials of this execution environment; cache those that were fetched."""

    def __init__(self) -> None:
        self._fetched: ExpiringCredentials | None = None
        self._lock = Lock()

    def get(self, at: datetime) -> Credentials:
        """Return credentials that are valid at a time.

        With SnapStart there are none in the environment, which is part of the snapshot, but the URL of an endpoint.

        Raises:
            ConfigurationError: the environment contains neither credentials nor an acceptable URL.
            CredentialsUnavailable: the endpoint returned no credentials.
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
        with self._lock:
            if self._fetched is None or at >= self._fetched.expires_at - _REFRESH_BEFORE_EXPIRY:
                self._fetched = fetch_credentials(url, environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
            return self._fetched.credentials


def fetch_credentials(url: str, authorization: str | None) -> ExpiringCredentials:
    """Fetch credentials from the container credentials endpoint.

    Raises:
        ConfigurationError: the authorization token would be sent over a network without TLS.
        CredentialsUnavailable: the endpoint returned no credentials.
    """
    from orders.aws.download import DownloadFailed, download

    address = urlsplit(url)
    is_local = address.scheme == "http" and address.hostname in _HOSTS_WITHOUT_TLS
    if address.scheme != "https" and not is_local:
        raise ConfigurationError(
            f"AWS_CONTAINER_CREDENTIALS_FULL_URI is {url!r}; it must be an https URL, or an http URL on this machine"
        )
    try:
        document = json.loads(download(url, {"Authorization": authorization} if authorization else {}, _MAX_BYTES))
        credentials = Credentials(document["AccessKeyId"], document["SecretAccessKey"], document["Token"])
        return ExpiringCredentials(credentials, datetime.fromisoformat(document["Expiration"]))
    except DownloadFailed as error:
        raise CredentialsUnavailable(str(error)) from error
    except (ValueError, TypeError, KeyError) as error:
        # The text of the error may quote a secret.
        raise CredentialsUnavailable(
            f"{url} returned no credentials ({type(error).__name__}); expected a JSON object with AccessKeyId, "
            "SecretAccessKey, Token and Expiration"
        ) from None


credential_provider = CredentialProvider()
"""The one of this execution environment."""
