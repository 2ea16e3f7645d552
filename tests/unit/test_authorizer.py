"""The authorizer: its answers to the gateway, and its log."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

from local.dashboard.measured import embedded
from orders.auth.key_cache import KeysUnavailable
from orders.config import ConfigurationError
from tests.aws import mocked
from tests.signing import OTHER_SECRET, SECRET, claims, signed
from tests.support import Context, load_function

DENIED = {"isAuthorized": False}

type Log = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def authorizer(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    with mocked():
        secret = boto3.client("secretsmanager").create_secret(Name=f"jwt-{uuid.uuid4()}", SecretString=SECRET)
        monkeypatch.setenv("JWT_SECRET_ARN", secret["ARN"])
        yield load_function("authorizer")


def answer(authorizer: ModuleType, authorization: str | None) -> dict[str, Any]:
    """The authorizer's answer to a request with this header, or without any."""
    event = {
        "headers": {"accept": "*/*"} | ({} if authorization is None else {"authorization": authorization}),
        "requestContext": {"requestId": "request-1"},
        "routeKey": "GET /v1/orders",
    }
    said: dict[str, Any] = authorizer.handler(event, Context())
    return said


def test_given_a_valid_token_when_called_then_allowed_with_context_and_not_logged(
    authorizer: ModuleType, log: Log
) -> None:
    assert answer(authorizer, signed(claims(scope="orders:write orders:read"))) == {
        "isAuthorized": True,
        "context": {
            "customer_id": "5",
            "scope": "orders:read orders:write",
            "actor": "service:5",
            "pseudonym": "service",
        },
    }
    assert log() == []


def test_given_a_token_with_an_email_when_called_then_in_context_and_not_logged(
    authorizer: ModuleType, log: Log
) -> None:
    said = answer(authorizer, signed(claims(email="Alice@Example.com")))
    assert said["context"]["email"] == "Alice@Example.com"
    assert log() == []


def test_given_a_key_for_pseudonyms_when_called_then_the_name_does_not_tell_who(
    authorizer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PSEUDONYM_KEY", "51af3dc0-da77-11e4-872e-1234567db123")
    names = [answer(authorizer, signed(claims(sub=sub)))["context"]["pseudonym"] for sub in ("5", "5", "6")]
    monkeypatch.setenv("PSEUDONYM_KEY", "another")
    names.append(answer(authorizer, signed(claims()))["context"]["pseudonym"])
    assert all(re.fullmatch("customer:[0-9a-f]{16}", name) for name in names)
    assert names[0] == names[1]
    assert len(set(names)) == 3


@pytest.mark.parametrize("start", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
def test_given_a_scheme_in_any_letter_case_when_called_then_allowed(authorizer: ModuleType, start: str) -> None:
    token = signed(claims()).removeprefix("Bearer ")
    assert answer(authorizer, f"{start}{token} ")["isAuthorized"] is True


@pytest.mark.parametrize(
    ("token", "cause"),
    [
        (signed(claims(exp=1)), "expired"),
        (signed(claims(), OTHER_SECRET), "invalid"),
        (signed(claims(exp=1), OTHER_SECRET), "invalid"),
        (signed(claims(nbf=4_000_000_000, exp=4_000_000_100)), "invalid"),
        ("Basic", "invalid"),
    ],
    ids=["expired", "another key", "expired and another key", "not valid yet", "no token"],
)
def test_given_a_denied_token_when_counted_then_expired_ones_are_told_apart(
    authorizer: ModuleType, capsys: pytest.CaptureFixture[str], token: str, cause: str
) -> None:
    assert answer(authorizer, token) == DENIED
    denied = [
        dict(metric.dimensions)["cause"]
        for line in capsys.readouterr().out.splitlines()
        for metric, _ in embedded(line)
        if metric.name == "TokensDenied"
    ]
    assert denied == [cause]


GOOD = signed(claims())
TOKEN = GOOD.removeprefix("Bearer ")


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (None, "Bearer"),
        ("", "Bearer"),
        (" ", "Bearer"),
        (f" {GOOD}", "Bearer"),
        (TOKEN, "Bearer"),
        (f"Bearer\t{TOKEN}", "Bearer"),
        (f"Bearer:{TOKEN}", "Bearer"),
        (f"Bearer{TOKEN}", "Bearer"),
        (f"Basic {TOKEN}", "Bearer"),
        (f"DPoP {TOKEN}", "Bearer"),
        ("Bearer", "Bearer"),
        ("Bearer ", "Bearer"),
        (f"Bearer \t{TOKEN}", "three parts"),
        (f"Bearer Bearer {TOKEN}", "three parts"),
        (f"{GOOD},{GOOD}", "three parts"),
        (f"{GOOD}, Basic YTpi", "three parts"),
        (f"Basic YTpi, {GOOD}", "Bearer"),
        (f"{GOOD} x", "three parts"),
        ("Bearer " + "x" * 9000, "9000 characters"),
        (signed(claims(), OTHER_SECRET), "keys tried: 1"),
        (signed(claims(exp=1)), "expired"),
        (signed({**claims(), "sub": "../5"}), "no valid customer id"),
    ],
)
def test_given_an_invalid_header_when_called_then_denied_and_only_reason_is_logged(
    authorizer: ModuleType, log: Log, authorization: str | None, reason: str
) -> None:
    assert answer(authorizer, authorization) == DENIED
    [line] = log()
    assert (line["message"], line["request_id"], line["route"]) == ("denied", "request-1", "GET /v1/orders")
    assert reason in line["reason"]
    parts = [part for word in (authorization or "").split() for part in word.split(".") if len(part) > 8]
    assert not any(part in json.dumps(line) for part in parts)


def test_given_no_readable_secret_when_called_then_neither_allowed_nor_denied(
    authorizer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET_ARN", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:gone")
    with pytest.raises(KeysUnavailable, match="Secrets Manager does not return the secret"):
        answer(authorizer, GOOD)


def test_given_settings_that_mix_up_keys_when_called_then_neither_allow_nor_deny(
    authorizer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_ALGORITHMS", "HS256,RS256")
    with pytest.raises(ConfigurationError, match="a shared secret allows only"):
        answer(authorizer, GOOD)


def test_given_an_on_demand_start_when_started_then_the_secret_is_read_and_cached(
    authorizer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    started = load_function("authorizer")
    monkeypatch.setattr("orders.aws.client.AwsService.call", pytest.fail)
    assert answer(started, GOOD)["isAuthorized"] is True


def test_given_no_readable_secret_when_started_then_it_starts_and_logs_why(
    authorizer: ModuleType, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    monkeypatch.setenv("JWT_SECRET_ARN", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:gone")
    load_function("authorizer")
    [warning] = log()
    assert warning["message"] == "warm-up failed"
    assert warning["exception_name"] == "KeysUnavailable"
