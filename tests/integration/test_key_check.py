"""The authorizer as a custom resource: a deploy whose key cannot be used fails, and says why."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from orders.aws.client import AwsError, AwsService
from tests.aws import mocked
from tests.integration.cloudformation import CloudFormation
from tests.signing import SECRET
from tests.support import ROOT, Context, load_function

type Ask = Callable[..., dict[str, Any]]

SAMPLE = json.loads((ROOT / "events" / "authorizer" / "check_keys.json").read_text())


class Limited(Context):
    """Lambda's context of an invocation that has ten seconds; sleeping takes some of them."""

    def __init__(self) -> None:
        self.left = 10_000

    def get_remaining_time_in_millis(self) -> int:
        return self.left


@pytest.fixture
def ask(cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Ask the authorizer, with a secret of some content, and return what it reports."""
    with mocked():

        def run(content: str | None, *, wait: Callable[[], None] = lambda: None, **changes: str) -> dict[str, Any]:
            name = f"jwt-{uuid.uuid4()}"
            kept = {"SecretBinary": b"bytes"} if content is None else {"SecretString": content}
            monkeypatch.setenv("JWT_SECRET_ARN", boto3.client("secretsmanager").create_secret(Name=name, **kept)["ARN"])
            monkeypatch.setenv("JWT_ALGORITHMS", "HS256")
            monkeypatch.setenv("JWT_JWKS_URL", "")
            for variable, value in changes.items():
                monkeypatch.setenv(variable, value)
            context = Limited()

            def sleep(seconds: float) -> None:
                context.left -= round(1000 * seconds)
                wait()

            monkeypatch.setattr("time.sleep", sleep)
            load_function("authorizer").handler(SAMPLE | {"ResponseURL": cloudformation.url}, context)
            assert context.left > 6_000, "there is no time left to report"
            return cloudformation.answers.pop()

        yield run


def test_given_a_usable_secret_when_deployed_then_the_deploy_goes_on(ask: Ask) -> None:
    assert ask(SECRET) == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "orders-token-keys",
        "Data": {"Keys": "1"},
        **{name: SAMPLE[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    assert ask(json.dumps({"old": SECRET, "new": SECRET[::-1]}))["Data"] == {"Keys": "2"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("too-short", "KeysUnavailable: the shared secret is not a key for HS256"),
        (" ", "KeysUnavailable: the shared secret is not a key for HS256"),
        (None, "KeysUnavailable: the shared secret is not a key for HS256"),
        ("{}", "KeysUnavailable: the secret contains no key"),
        ('{"a": "too-short"}', "KeysUnavailable: the shared secret 'a' is not a key for HS256"),
        ('{"a": ', "KeysUnavailable: the secret starts like a JSON object"),
    ],
)
def test_given_an_unusable_secret_when_deployed_then_it_fails_with_the_reason(
    ask: Ask, content: str | None, reason: str
) -> None:
    report = ask(content)
    assert report["Status"] == "FAILED"
    assert report["Reason"].startswith(reason)
    assert report["Reason"].endswith("(log: 2026/11/20/[$LATEST]0)")
    assert "too-short" not in report["Reason"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"JWT_SECRET_ARN": SAMPLE["ResourceProperties"]["Secret"]},
            "ResourceNotFoundException",
        ),
        ({"JWT_ALGORITHMS": "RS256"}, "ConfigurationError: JWT_ALGORITHMS is 'RS256'"),
        (
            {"JWT_SECRET_ARN": "", "JWT_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----", "JWT_ALGORITHMS": "RS256"},
            "ConfigurationError: JWT_PUBLIC_KEY is not a key for RS256",
        ),
        (
            {"JWT_SECRET_ARN": "", "JWT_JWKS_URL": "https://127.0.0.1:1/keys", "JWT_ALGORITHMS": "RS256"},
            "KeysUnavailable: https://127.0.0.1:1/keys does not answer",
        ),
    ],
)
def test_given_wrong_settings_when_deployed_then_the_deploy_fails_with_the_reason(
    ask: Ask, changes: dict[str, str], reason: str
) -> None:
    report = ask(SECRET, **changes)
    assert report["Status"] == "FAILED"
    assert reason in report["Reason"]


def test_given_a_permission_that_takes_effect_late_when_deployed_then_it_is_awaited(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = AwsService.call

    def denied(*_: object) -> dict[str, Any]:
        raise AwsError("GetSecretValue returned 400 AccessDeniedException")

    def allow() -> None:
        monkeypatch.setattr(AwsService, "call", call)

    monkeypatch.setattr(AwsService, "call", denied)
    assert ask(SECRET, wait=allow)["Status"] == "SUCCESS"
    monkeypatch.setattr(AwsService, "call", denied)
    assert "AccessDeniedException" in ask(SECRET)["Reason"]


def test_given_a_deletion_when_asked_then_the_keys_are_not_needed(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SAMPLE, "RequestType", "Delete")
    assert ask("too-short")["Status"] == "SUCCESS"
