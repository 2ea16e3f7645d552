"""Calls to AWS over real connections: reuse, retries and time-outs; and fetched credentials."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orders.aws.client import SQS, AwsError, AwsService
from orders.aws.credentials import CredentialProvider, CredentialsUnavailable
from orders.aws.sigv4 import Credentials
from orders.config import DatabaseSettings
from orders.domain.errors import DatabaseUnavailable
from orders.postgres.connection import Database
from tests.integration.prepared_server import HANG_UP, Server, serving
from tests.support import wait_until

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
THROTTLED = (400, {"__type": "com.amazonaws.sqs#RequestThrottled", "message": "slow down"})
REFUSED = (400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The queue does not exist."})


@pytest.fixture
def server(queues: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server in the place of AWS."""
    with serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.fixture
def sqs(server: Server) -> AwsService:
    return AwsService(SQS)


def test_given_two_calls_when_made_then_both_are_signed_and_share_a_connection(server: Server, sqs: AwsService) -> None:
    server.responses = [(200, {"MessageId": "1"}), (200, {"MessageId": "2"})]
    assert [sqs.call("SendMessage", {"QueueUrl": "q"}) for _ in "12"] == [{"MessageId": "1"}, {"MessageId": "2"}]
    assert len(set(server.connections)) == 1
    _, headers, body = server.requests[0]
    assert body == {"QueueUrl": "q"}
    assert headers["x-amz-target"] == "AmazonSQS.SendMessage"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=")


def test_given_a_closed_connection_when_called_then_a_new_one_is_opened_at_once(
    server: Server, sqs: AwsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.closes_connections = True
    sqs.call("SendMessage", {})
    [connection] = sqs._connections._idle
    # Wait until the server has closed it.
    assert connection.sock.recv(1) == b""
    monkeypatch.setattr("orders.aws.client.time.sleep", pytest.fail)
    sqs.call("SendMessage", {})
    assert len(set(server.connections)) == 2


@pytest.mark.parametrize("first", [(503, b"<html>busy</html>"), (500, {}), THROTTLED, HANG_UP], ids=str)
def test_given_a_temporary_failure_when_called_then_the_call_is_retried_once(
    server: Server, sqs: AwsService, first: tuple[int, Any]
) -> None:
    server.responses = [first, (200, {"MessageId": "1"})]
    assert sqs.call("SendMessage", {}) == {"MessageId": "1"}


@pytest.mark.parametrize(
    ("answer", "attempts", "message"),
    [
        ((503, b"busy"), 2, "SendMessage returned 503"),
        (THROTTLED, 2, "RequestThrottled: slow down"),
        (HANG_UP, 2, "does not answer: RemoteDisconnected"),
        (REFUSED, 1, "SendMessage returned 400 QueueDoesNotExist: The queue does not exist"),
    ],
    ids=str,
)
def test_given_a_lasting_failure_when_called_then_it_raises_after_few_attempts(
    server: Server, sqs: AwsService, answer: tuple[int, Any], attempts: int, message: str
) -> None:
    server.responses = [answer]
    with pytest.raises(AwsError, match=message):
        sqs.call("SendMessage", {})
    assert len(server.requests) == attempts


def test_given_a_time_out_when_called_then_the_call_is_not_retried(
    server: Server, sqs: AwsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.aws.client._READ_TIMEOUT_SECONDS", 0.05)
    server.may_answer.clear()
    with pytest.raises(AwsError, match="does not answer in time"):
        sqs.call("SendMessage", {})
    assert len(server.requests) == 1


def test_given_concurrent_calls_when_made_then_each_has_a_connection_of_its_own(
    server: Server, sqs: AwsService
) -> None:
    server.may_answer.clear()
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(sqs.call, "SendMessage", {"number": number}) for number in range(4)]
        wait_until(lambda: len(server.requests) == 4)
        server.may_answer.set()
        assert [call.result() for call in calls] == [{}] * 4
    assert len(set(server.connections)) == 4


@pytest.fixture
def provider(server: Server, monkeypatch: pytest.MonkeyPatch) -> CredentialProvider:
    """Credentials as with SnapStart: not in the environment, but at the URL in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me in")
    server.responses = [(200, response_with("first")), (200, response_with("second"))]
    return CredentialProvider()


def response_with(access_key_id: str) -> dict[str, str]:
    expires_at = NOW + timedelta(hours=1)
    return {
        "AccessKeyId": access_key_id,
        "SecretAccessKey": "secret",
        "Token": "token",
        "Expiration": f"{expires_at:%FT%TZ}",
    }


def test_given_a_restored_snapshot_when_signed_then_credentials_are_cached(
    server: Server, provider: CredentialProvider
) -> None:
    moments = [NOW, NOW + timedelta(minutes=49), NOW + timedelta(minutes=50)]
    assert [provider.get(at) for at in moments] == [
        Credentials("first", "secret", "token"),
        Credentials("first", "secret", "token"),
        Credentials("second", "secret", "token"),
    ]
    assert server.requests[0][1]["authorization"] == "let me in"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((403, b"secret"), "returned status 403"),
        ((200, b"secret"), "no credentials .JSONDecodeError"),
        ((200, []), "no credentials .TypeError"),
        ((200, {"AccessKeyId": "secret"}), "no credentials .KeyError"),
        ((200, response_with("first") | {"Expiration": "secret"}), "no credentials .ValueError"),
        (HANG_UP, "does not answer"),
    ],
    ids=str,
)
def test_given_no_credentials_when_signed_then_the_error_contains_no_secret(
    server: Server, provider: CredentialProvider, answer: tuple[int, Any], message: str
) -> None:
    server.responses = [answer]
    with pytest.raises(CredentialsUnavailable, match=message) as raised:
        provider.get(NOW)
    assert "secret" not in str(raised.value)


def test_given_no_credentials_when_logging_in_then_the_database_is_unavailable(
    server: Server, provider: CredentialProvider, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.responses = [(500, {})]
    monkeypatch.setattr("orders.aws.credentials.credential_provider", provider)
    with pytest.raises(DatabaseUnavailable):
        Database(replace(DatabaseSettings.from_environment(), auth="iam")).execute("SELECT 1")
