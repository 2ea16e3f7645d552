"""Endpoints and credentials, from the environment variables that Lambda sets."""

from datetime import UTC, datetime

import pytest
from botocore.session import get_session

from orders.aws.client import SECRETS_MANAGER, SQS, Protocol
from orders.aws.credentials import CredentialProvider
from orders.aws.sigv4 import Credentials
from orders.config import AwsSettings, ConfigurationError

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def endpoint(protocol: Protocol) -> str:
    return AwsSettings.from_environment(protocol.service, protocol.setting).endpoint


@pytest.mark.parametrize("protocol", [SQS, SECRETS_MANAGER], ids=lambda protocol: protocol.service)
@pytest.mark.parametrize("region", ["eu-central-1", "us-gov-west-1", "cn-northwest-1"])
def test_given_a_region_when_a_service_is_called_then_its_endpoint_is_the_sdks(
    monkeypatch: pytest.MonkeyPatch, protocol: Protocol, region: str
) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    assert endpoint(protocol) == get_session().create_client(protocol.service, region).meta.endpoint_url


def test_given_endpoint_urls_when_a_service_is_called_then_its_own_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    assert endpoint(SQS) == "http://all"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://sqs")
    assert (endpoint(SQS), endpoint(SECRETS_MANAGER)) == ("http://sqs", "http://all")


def test_given_no_region_when_a_service_is_called_then_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(ConfigurationError, match="AWS_REGION is not set; Lambda sets it"):
        endpoint(SQS)


@pytest.mark.parametrize("session_token", ["token", None])
def test_given_credentials_in_the_environment_when_signed_then_they_are_used(
    monkeypatch: pytest.MonkeyPatch, session_token: str | None
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", session_token or "")
    assert CredentialProvider().get(NOW) == Credentials("id", "secret", session_token)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/credentials",
        "http://169.254.169.254/credentials",
        "http://127.0.0.1.example.com/",
        "http://localhost@example.com/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "127.0.0.1",
    ],
)
def test_given_a_credentials_url_without_tls_when_signed_then_it_is_not_requested(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    with pytest.raises(ConfigurationError, match=r"_FULL_URI is .* it must be an https URL"):
        CredentialProvider().get(NOW)
