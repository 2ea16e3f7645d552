"""The authorizer over a key set from a real HTTPS server: rotation and outages of the server."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from types import ModuleType
from typing import Any

import pytest

from orders.auth.key_cache import KeyCache, KeysUnavailable
from tests.integration.certificates import serve_over_tls
from tests.signing import OTHER_RSA_KEY, RSA_KEY, Clock, claims, jwk, jwks, signed
from tests.support import Context, load_function

DENIED = {"isAuthorized": False}
OLD, NEW = jwk(RSA_KEY, kid="old", alg="RS256"), jwk(OTHER_RSA_KEY, kid="new", alg="RS256")
BY_OLD, BY_NEW = signed(claims(), RSA_KEY, "RS256", kid="old"), signed(claims(), OTHER_RSA_KEY, "RS256", kid="new")


class Issuer:
    """A server of a key set, with configurable answers; records its requests."""

    def __init__(self, certificate: Path) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = jwks(OLD)
        self.may_answer = Event()
        self.may_answer.set()
        self.asked: list[str] = []
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                issuer.may_answer.wait()
                self.send_response(issuer.status)
                for name, value in issuer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(issuer.body)

            def log_message(self, *args: object) -> None:
                """Nobody reads it."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *args: object) -> None:
                """Clients hang up on purpose here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        serve_over_tls(self._server, certificate)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_port}/keys?of=users"

    def close(self) -> None:
        """Stop, as an outage would."""
        self.may_answer.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def issuer(certificate: Path) -> Iterator[Issuer]:
    issuer = Issuer(certificate)
    yield issuer
    issuer.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authorizer(issuer: Issuer, trusted: None, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The authorizer, which trusts the issuer's certificate and goes by the clock of the test."""
    monkeypatch.setenv("JWT_JWKS_URL", issuer.url)
    monkeypatch.setenv("JWT_ALGORITHMS", "RS256")
    function = load_function("authorizer")
    monkeypatch.setattr(function, "KeyCache", lambda fetch: KeyCache(fetch, clock))
    return function


def is_allowed(authorizer: ModuleType, authorization: str) -> bool:
    answer: dict[str, Any] = authorizer.handler({"headers": {"authorization": authorization}}, Context())
    return answer != DENIED


def test_given_keys_that_rotate_with_overlap_when_called_then_tokens_are_allowed(
    authorizer: ModuleType, issuer: Issuer, clock: Clock
) -> None:
    assert is_allowed(authorizer, BY_OLD)
    assert not is_allowed(authorizer, BY_NEW)
    issuer.body = jwks(OLD, NEW)
    clock.advance(60)
    assert is_allowed(authorizer, BY_NEW)
    assert is_allowed(authorizer, BY_OLD)
    issuer.body = jwks(NEW)
    clock.advance(300)
    assert is_allowed(authorizer, BY_NEW)
    assert not is_allowed(authorizer, BY_OLD)
    assert issuer.asked == ["/keys?of=users"] * 3


def hang(issuer: Issuer) -> None:
    issuer.may_answer.clear()


def fail(issuer: Issuer) -> None:
    issuer.status = 503


def redirect(issuer: Issuer) -> None:
    issuer.status = 302
    issuer.headers = {"Location": f"{issuer.url}&elsewhere"}


def answer_nonsense(issuer: Issuer) -> None:
    issuer.body = b"<html>Sign in</html>"


def answer_without_end(issuer: Issuer) -> None:
    issuer.body = jwks(OLD) + b" " * 300_000


TROUBLES = [Issuer.close, hang, fail, redirect, answer_nonsense, answer_without_end]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_given_an_issuer_outage_when_keys_are_cached_then_only_they_are_accepted(
    authorizer: ModuleType, issuer: Issuer, clock: Clock, trouble: Callable[[Issuer], None]
) -> None:
    assert is_allowed(authorizer, BY_OLD)
    trouble(issuer)
    clock.advance(300)
    assert is_allowed(authorizer, BY_OLD)
    assert not is_allowed(authorizer, BY_NEW)
    assert issuer.asked[2:] == []


@pytest.mark.parametrize("trouble", TROUBLES)
def test_given_an_issuer_outage_when_no_keys_are_cached_then_neither_allow_nor_deny(
    authorizer: ModuleType, issuer: Issuer, trouble: Callable[[Issuer], None]
) -> None:
    trouble(issuer)
    with pytest.raises(KeysUnavailable):
        is_allowed(authorizer, BY_OLD)
    assert not any("elsewhere" in path for path in issuer.asked)


def test_given_an_untrusted_certificate_when_keys_are_fetched_then_none_is_accepted(
    authorizer: ModuleType, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(KeysUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        is_allowed(authorizer, BY_OLD)
    assert issuer.asked == []
