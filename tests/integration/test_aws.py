"""Calls of AWS over real connections: kept, tried again, given up; and the credentials that they are signed with."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from orders.aws import client as aws
from orders.aws.client import SQS, AwsError, AwsService
from orders.aws.credentials import CredentialSource, CredentialsUnavailable
from orders.aws.sigv4 import Credentials
from orders.config import DatabaseSettings
from orders.domain.errors import DatabaseUnavailable
from orders.postgres.connection import Database
from tests.support import wait_until

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CONNECT = AwsService._connect
"""Taken before the fixtures of this folder put another one in its place."""
THROTTLED = (400, {"__type": "com.amazonaws.sqs#RequestThrottled", "message": "slow down"})
REFUSED = (400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The queue does not exist."})
HANGS_UP: tuple[int, Any] = (0, {})


class Server(ThreadingHTTPServer):
    """Answers with what a test prepared, one after the other, the last one from then on; notes what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, Any]] = [(200, {})]
        self.asked: list[tuple[int, dict[str, str], Any]] = []
        """The caller's port, and so the connection; the headers; the body."""
        self.is_impatient = False
        self.may_answer = Event()
        self.may_answer.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def connections(self) -> list[int]:
        """The connection of each request."""
        return [port for port, _, _ in self.asked]

    def answer(self) -> tuple[int, bytes]:
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()

    def handle_error(self, *_: object) -> None:
        """Callers hang up on purpose here."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.client_address[1], headers, json.loads(body or "null")))
        self.server.may_answer.wait()
        status, content = self.server.answer()
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        # Without a word before, as services do with connections that nobody uses.
        self.close_connection = self.server.is_impatient

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def server(queues: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """What the functions take for AWS."""
    monkeypatch.setattr(AwsService, "_connect", CONNECT)
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def sqs(server: Server) -> Iterator[AwsService]:
    with closing(AwsService(SQS)) as service:
        yield service


def test_given_a_service_when_called_twice_then_over_one_connection_and_signed(server: Server, sqs: AwsService) -> None:
    server.answers = [(200, {"MessageId": "1"}), (200, {"MessageId": "2"})]
    assert [sqs.call("SendMessage", {"QueueUrl": "q"}) for _ in "12"] == [{"MessageId": "1"}, {"MessageId": "2"}]
    assert len(set(server.connections)) == 1
    _, headers, body = server.asked[0]
    assert body == {"QueueUrl": "q"}
    assert headers["x-amz-target"] == "AmazonSQS.SendMessage"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=")


def test_given_a_connection_that_the_service_has_closed_when_called_then_over_a_new_one_at_once(
    server: Server, sqs: AwsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.is_impatient = True
    sqs.call("SendMessage", {})
    [connection] = sqs._idle
    # Waits for what the server has done, not for how long that takes.
    assert connection.sock.recv(1) == b""
    monkeypatch.setattr("orders.aws.client.time.sleep", pytest.fail)
    sqs.call("SendMessage", {})
    assert len(set(server.connections)) == 2


@pytest.mark.parametrize("first", [(503, b"<html>busy</html>"), (500, {}), THROTTLED, HANGS_UP], ids=str)
def test_given_a_service_that_fails_for_a_moment_when_called_then_it_is_asked_once_more(
    server: Server, sqs: AwsService, first: tuple[int, Any]
) -> None:
    server.answers = [first, (200, {"MessageId": "1"})]
    assert sqs.call("SendMessage", {}) == {"MessageId": "1"}


@pytest.mark.parametrize(
    ("answer", "attempts", "message"),
    [
        ((503, b"busy"), 2, "SendMessage is answered 503"),
        (THROTTLED, 2, "RequestThrottled: slow down"),
        (HANGS_UP, 2, "does not answer: RemoteDisconnected"),
        (REFUSED, 1, "SendMessage is answered 400 QueueDoesNotExist: The queue does not exist"),
    ],
    ids=str,
)
def test_given_a_service_that_goes_on_refusing_when_called_then_it_is_told_and_nobody_asks_for_ever(
    server: Server, sqs: AwsService, answer: tuple[int, Any], attempts: int, message: str
) -> None:
    server.answers = [answer]
    with pytest.raises(AwsError, match=message):
        sqs.call("SendMessage", {})
    assert len(server.asked) == attempts


def test_given_a_service_that_is_late_when_called_then_it_is_not_waited_for_twice(
    server: Server, sqs: AwsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "_READ_TIMEOUT_SECONDS", 0.05)
    server.may_answer.clear()
    with pytest.raises(AwsError, match="does not answer in time"):
        sqs.call("SendMessage", {})
    assert len(server.asked) == 1


def test_given_calls_side_by_side_when_made_then_each_has_a_connection_and_its_own_answer(
    server: Server, sqs: AwsService
) -> None:
    server.may_answer.clear()
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(sqs.call, "SendMessage", {"number": number}) for number in range(4)]
        wait_until(lambda: len(server.asked) == 4)
        server.may_answer.set()
        assert [call.result() for call in calls] == [{}] * 4
    assert len(set(server.connections)) == 4


@pytest.fixture
def source(server: Server, monkeypatch: pytest.MonkeyPatch) -> CredentialSource:
    """Credentials as under SnapStart: not in the environment, but where that says."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me in")
    server.answers = [(200, lent("first")), (200, lent("second"))]
    return CredentialSource()


def lent(name: str) -> dict[str, str]:
    until = NOW + timedelta(hours=1)
    return {"AccessKeyId": name, "SecretAccessKey": "secret", "Token": "token", "Expiration": f"{until:%FT%TZ}"}


def test_given_a_restored_snapshot_when_signed_then_with_what_is_lent_until_shortly_before_it_runs_out(
    server: Server, source: CredentialSource
) -> None:
    moments = [NOW, NOW + timedelta(minutes=49), NOW + timedelta(minutes=50)]
    assert [source.get(at) for at in moments] == [
        Credentials("first", "secret", "token"),
        Credentials("first", "secret", "token"),
        Credentials("second", "secret", "token"),
    ]
    assert server.asked[0][1]["authorization"] == "let me in"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((403, b"secret"), "answers 403"),
        ((200, b"secret"), "no credentials .JSONDecodeError"),
        ((200, []), "no credentials .TypeError"),
        ((200, {"AccessKeyId": "secret"}), "no credentials .KeyError"),
        ((200, lent("first") | {"Expiration": "secret"}), "no credentials .ValueError"),
        (HANGS_UP, "does not answer"),
    ],
    ids=str,
)
def test_given_nothing_lent_when_signed_then_it_is_told_without_what_was_answered(
    server: Server, source: CredentialSource, answer: tuple[int, Any], message: str
) -> None:
    server.answers = [answer]
    with pytest.raises(CredentialsUnavailable, match=message) as raised:
        source.get(NOW)
    assert "secret" not in str(raised.value)


def test_given_nothing_lent_when_logging_in_to_the_database_then_it_is_away_for_the_moment(
    server: Server, source: CredentialSource, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = [(500, {})]
    monkeypatch.setattr("orders.aws.credentials.credentials", source)
    with pytest.raises(DatabaseUnavailable):
        Database(replace(DatabaseSettings.from_environment(), auth="iam")).execute("SELECT 1")
