"""The smoke test, against an API that answers as told."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, override

import pytest

from tools import smoke

ORDER = {"id": "0193b6a8-0000-7000-8000-000000000000", "status": "pending"}
PATH = f"/v1/orders/{ORDER['id']}"
HEALTH, PLACE, READ, CANCEL = "GET /v1/health", "POST /v1/orders", f"GET {PATH}", f"POST {PATH}/cancel"
TOKEN = "POST /token"

type Told = tuple[int, Any]
type Run = Callable[..., int]


@dataclass
class Script:
    """Answers by call; the last one of each is repeated. None is no answer at all."""

    answers: dict[str, list[Told | None]]
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    ended: Event = field(default_factory=Event)
    url: str = ""

    def calls(self) -> list[str]:
        return [call for call, _, _ in self.asked]

    def next(self, call: str) -> Told | None:
        left = self.answers[call]
        return left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture
def script() -> Iterator[Script]:
    told = Script(
        {
            HEALTH: [(200, {"status": "ok"})],
            PLACE: [(201, ORDER)],
            READ: [(200, ORDER)],
            CANCEL: [(200, ORDER | {"status": "cancelled"})],
        }
    )

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            call = f"{self.command} {self.path}"
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.asked.append((call, {name.lower(): value for name, value in self.headers.items()}, body))
            if (answer := told.next(call)) is None:
                told.ended.wait()
                return
            status, content = answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        do_GET = answer  # noqa: N815 - the name that http.server looks for
        do_POST = answer  # noqa: N815

        @override
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield told
        told.ended.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def run(script: Script, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the smoke test with a token."""
    monkeypatch.setattr(smoke, "PAUSE_SECONDS", 0)
    for name in ("TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET", "TOKEN_SCOPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TOKEN", "a.b.c")
    return lambda *more: smoke.main(["--url", script.url, "--product", "SMOKE", *more])


def test_given_a_service_that_works_when_run_then_the_order_is_cancelled(
    script: Script, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    assert script.calls() == [HEALTH, PLACE, READ, CANCEL]
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()] == ["healthy", "placed", "read", "cancelled"]
    assert ORDER["id"] in printed.out
    assert printed.err == ""
    assert {headers["authorization"] for _, headers, _ in script.asked} == {"Bearer a.b.c"}
    _, headers, body = script.asked[1]
    assert headers["idempotency-key"]
    assert json.loads(body)["items"] == [{"product_id": "SMOKE", "quantity": 1}]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            (409, {"code": "insufficient_stock"}),
            "Placing the order answered 409 (insufficient_stock) instead of 201.",
        ),
        (
            (401, {"message": "Unauthorized"}),
            "Placing the order answered 401 (Unauthorized) instead of 201. Is the token valid for this service?",
        ),
        (
            (403, {"message": "Forbidden"}),
            "Placing the order answered 403 (Forbidden) instead of 201. Is the token valid for this service?",
        ),
        ((500, "oops"), "Placing the order answered 500 (no reason) instead of 201."),
    ],
)
def test_given_a_refusal_when_placing_then_it_fails_and_says_why(
    script: Script, run: Run, capsys: pytest.CaptureFixture[str], answer: Told, said: str
) -> None:
    script.answers[PLACE] = [answer]
    assert run() == 1
    assert capsys.readouterr().err == f"FAILED  {said}\n"
    assert set(script.calls()) == {HEALTH, PLACE}


def test_given_no_answer_when_placing_then_it_fails_and_warns_of_an_order(
    script: Script, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    script.answers[PLACE] = [None]
    assert run("--timeout", "0.05") == 1
    error = capsys.readouterr().err
    assert error.startswith("FAILED  POST /v1/orders got no answer in 3 attempts: ")
    assert error.endswith("An order may exist all the same: look for the product SMOKE.\n")
    [key] = {headers["idempotency-key"] for call, headers, _ in script.asked if call == PLACE}
    assert key


def test_given_a_lost_answer_when_placing_then_the_same_order_is_asked_for_again(script: Script, run: Run) -> None:
    script.answers[PLACE] = [None, (503, {}), (201, ORDER)]
    assert run("--timeout", "0.5") == 0
    assert script.calls() == [HEALTH, *[PLACE] * 3, READ, CANCEL]
    assert len({headers["idempotency-key"] for call, headers, _ in script.asked if call == PLACE}) == 1


def test_given_an_order_that_cannot_be_read_when_run_then_it_is_cancelled(
    script: Script, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    script.answers[READ] = [(404, {"code": "order_not_found"})]
    assert run() == 1
    assert script.calls() == [HEALTH, PLACE, READ, CANCEL]
    assert capsys.readouterr().err == f"FAILED  Reading {PATH} answered 404 (order_not_found) instead of 200.\n"


def test_given_another_order_when_read_then_it_fails(script: Script, run: Run) -> None:
    script.answers[READ] = [(200, ORDER | {"id": "another"})]
    assert run() == 1


def test_given_an_order_that_is_being_cancelled_when_run_then_it_waits(script: Script, run: Run) -> None:
    script.answers[CANCEL] = [(200, ORDER | {"status": "cancelling"})]
    script.answers[READ] = [
        (200, ORDER),
        (200, ORDER | {"status": "cancelling"}),
        (200, ORDER | {"status": "cancelled"}),
    ]
    assert run() == 0
    assert script.calls()[-3:] == [CANCEL, READ, READ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            (409, {"code": "order_not_cancellable"}),
            "Cancelling the order answered 409 (order_not_cancellable) instead of 200.",
        ),
        ((200, ORDER | {"status": "cancelling"}), "Its status is cancelling after 0 s instead of cancelled."),
        (None, f"POST {PATH}/cancel got no answer in 3 attempts: timed out."),
    ],
)
def test_given_an_order_left_uncancelled_when_run_then_it_says_which(
    script: Script, run: Run, capsys: pytest.CaptureFixture[str], answer: Told | None, reason: str
) -> None:
    script.answers[CANCEL] = [answer]
    script.answers[READ] = [(200, ORDER | {"status": "cancelling"})]
    assert run("--wait", "0", "--timeout", "0.5") == 1
    said = capsys.readouterr().err
    assert said == f"FAILED  {reason} The order is NOT cancelled: cancel {PATH} by hand.\n"


def test_given_client_credentials_when_run_then_it_asks_for_a_token(
    script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.answers[TOKEN] = [(200, {"access_token": "x.y.z", "token_type": "Bearer"})]
    monkeypatch.delenv("TOKEN")
    given = {
        "TOKEN_URL": f"{script.url}/token",
        "CLIENT_ID": "smoke",
        "CLIENT_SECRET": "a:b",
        "TOKEN_SCOPE": "orders:read",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert run() == 0
    call, headers, body = script.asked[0]
    assert (call, body) == (TOKEN, b"grant_type=client_credentials&scope=orders%3Aread")
    # RFC 6749, section 2.3.1: both are encoded before they are joined.
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"smoke:a%3Ab"
    assert script.asked[1][1]["authorization"] == "Bearer x.y.z"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {"error": "invalid_client"}), "Asking for a token answered 401"),
        ((200, {}), "The answer of TOKEN_URL has no access_token."),
    ],
)
def test_given_no_token_when_asked_for_then_it_fails_before_any_order(
    script: Script,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: Told,
    said: str,
) -> None:
    script.answers[TOKEN] = [answer]
    monkeypatch.delenv("TOKEN")
    for name, value in {"TOKEN_URL": f"{script.url}/token", "CLIENT_ID": "smoke", "CLIENT_SECRET": "secret"}.items():
        monkeypatch.setenv(name, value)
    assert run() == 1
    error = capsys.readouterr().err
    assert said in error
    assert "secret" not in error
    assert script.calls() == [TOKEN]


def test_given_nothing_configured_when_run_then_it_says_what_is_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TOKEN")
    assert run() == 1
    assert "missing: TOKEN_URL, CLIENT_ID, CLIENT_SECRET" in capsys.readouterr().err


def test_given_a_base_url_with_a_path_when_run_then_requests_begin_with_it(script: Script, run: Run) -> None:
    script.answers = {call.replace("/", "/shop/", 1): answers for call, answers in script.answers.items()}
    assert run("--url", f"{script.url}/shop/") == 0


@pytest.mark.parametrize("arguments", [["--product", ""], ["--url", "file:///etc/passwd"], ["--url", ""]])
def test_given_an_unusable_argument_when_run_then_it_is_refused(run: Run, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        run(*arguments)
    assert exited.value.code == 2
