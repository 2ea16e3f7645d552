"""The function that serves the documentation, and answers unknown routes."""

import gzip
import json
import re
from typing import Any

import pytest

from tests.support import FUNCTIONS, Answer, call, load_function

SECURITY = {"x-content-type-options": "nosniff", "strict-transport-security": "max-age=63072000; includeSubDomains"}


def ask(path: str, method: str = "GET", **changes: Any) -> Answer:
    return call(load_function("docs"), method, path, customer=None, **changes)


def assets() -> list[str]:
    """The URLs that the page links."""
    return re.findall(r'(?:href|src)="(/docs/[^"]+)"', ask("/docs").content.decode())


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("GET", "/v1/orders/", "/v1/orders"),
        ("POST", "/v1/orders/create/", "/v1/orders/create"),
        ("GET", "/console/", "/console"),
        ("GET", "/v1/orders/7//", "/v1/orders/7"),
        ("GET", "/v1/orders/my-orders/é b@c/", "/v1/orders/my-orders/%C3%A9%20b%40c"),
    ],
)
def test_given_a_trailing_slash_when_requested_then_redirected_to_the_route(
    method: str, path: str, location: str
) -> None:
    answer = ask(path, method)
    assert (answer.status, answer.headers["location"], answer.content) == (308, location, b"")
    asked = ask(path, method, query={"page_size": "5", "q": "a b"})
    assert asked.headers["location"] == f"{location}?page_size=5&q=a+b"


@pytest.mark.parametrize("codes", [range(256), range(0x2000, 0x2100), range(0x1F600, 0x1F610), range(0xE000, 0xE010)])
def test_given_an_id_of_any_character_when_redirected_then_the_target_is_a_route(codes: range) -> None:
    get_order = load_function("get_order")
    for character in {chr(code) for code in codes} - {"/"}:
        path = f"/v1/orders/a{character}b"
        routed = call(get_order, "GET", path).json["code"] != "route_not_found"
        assert ask(f"{path}/").status == (308 if routed else 404), ascii(character)


@pytest.mark.parametrize("path", ["/docs", "/orders-doc"])
def test_given_the_page_when_opened_then_its_policy_allows_no_other_origin(path: str) -> None:
    answer = ask(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers.items() >= SECURITY.items()
    policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "://" not in answer.content.decode()


def test_given_the_pages_files_when_requested_then_they_are_cached_as_immutable() -> None:
    answers = [ask(path) for path in assets()]
    assert [answer.headers["content-type"].partition(";")[0] for answer in answers] == [
        "text/css",
        "text/javascript",
        "text/javascript",
    ]
    for answer in answers:
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers.items() >= SECURITY.items()


def test_given_a_document_when_requested_compressed_then_it_is_the_same() -> None:
    for path in ("/docs", "/openapi.json", "/postman.json"):
        plain, compressed = ask(path), ask(path, headers={"accept-encoding": "br, gzip"})
        assert gzip.decompress(compressed.content) == plain.content
        assert compressed.headers["content-encoding"] == "gzip"
        assert compressed.headers["etag"] == plain.headers["etag"]
        assert "content-encoding" not in plain.headers
        assert compressed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("accepted", "compressed"),
    [
        ("gzip", True),
        ("GZIP;q=0.5, br", True),
        ("deflate, gzip;q=1.0", True),
        ("*", True),
        ("*;q=0.1, gzip", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*, gzip;q=0", False),
        ("*;q=0", False),
        ("identity", False),
        ("x-not-gzip", False),
        ("", False),
    ],
)
def test_given_what_a_caller_accepts_when_a_document_is_requested_then_it_is_so(
    accepted: str, *, compressed: bool
) -> None:
    answer = ask("/openapi.json", headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == ("gzip" if compressed else None)


@pytest.mark.parametrize("accepted", [None, "gzip, br", "identity", "gzip;q=0"])
def test_given_an_asset_when_requested_then_it_is_always_compressed(accepted: str | None) -> None:
    for path in assets():
        answer = ask(path, headers={} if accepted is None else {"accept-encoding": accepted})
        assert answer.headers["content-encoding"] == "gzip"
        assert "vary" not in answer.headers
        assert len(answer.content) < 500_000
        assert len(gzip.decompress(answer.content)) > len(answer.content)


DOCUMENTATION = ("/docs", "/orders-doc", "/openapi.json", "/postman.json")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_given_no_documentation_when_requested_then_its_paths_are_unknown(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [*DOCUMENTATION, *assets()]
    monkeypatch.setenv("DOCS", "false")
    for path in (*paths, "/orders-doc/", "/docs/"):
        answer = ask(path, method)
        assert (answer.status, answer.json["code"]) == (404, "route_not_found")
        assert answer.json["detail"].startswith(f"There is no route {method} ")
        assert "lists all routes" not in answer.json["detail"]


def test_given_no_documentation_when_another_path_is_requested_then_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCS", "false")
    assert ask("/v1/orders", "OPTIONS").headers["allow"] == "GET, OPTIONS, POST"
    assert ask("/console/").headers["location"] == "/console"


@pytest.mark.parametrize("known", ["{}", '"other", {}', "*"])
def test_given_a_cached_file_when_requested_again_then_304(known: str) -> None:
    tag = ask("/openapi.json").headers["etag"]
    answer = ask("/openapi.json", headers={"if-none-match": known.format(tag)})
    assert (answer.status, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert ask("/openapi.json", headers={"if-none-match": 'W/"other"'}).status == 200


@pytest.mark.parametrize("name", ["openapi.json", "postman.json"])
def test_given_a_document_when_requested_then_it_is_the_file_of_the_folder(name: str) -> None:
    answer = ask(f"/{name}")
    assert answer.json == json.loads((FUNCTIONS / "docs" / name).read_text())
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
        "application/json",
        "public, max-age=300",
    )


@pytest.mark.parametrize("path", ["/v1/carts", "/", "/docs/app.js", "/v1/orders/a/b", "/v1//orders"])
def test_given_an_unknown_path_when_requested_then_404_with_a_link_to_the_docs(path: str) -> None:
    answer = ask(path)
    assert (answer.status, answer.json["code"]) == (404, "route_not_found")
    assert "/docs" in answer.json["detail"]
    assert "allow" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/orders", "GET, OPTIONS, POST"),
        ("PATCH", "/v1/orders/1/status", "OPTIONS, PUT"),
        ("DELETE", "/orders/5", "GET, OPTIONS, POST, PUT"),
        ("PUT", "/v1/orders/create", "OPTIONS, POST"),
        ("GET", "/v1/orders/create/", "OPTIONS, POST"),
        ("DELETE", "/v1/orders/", "GET, OPTIONS, POST"),
        ("HEAD", "/docs", "GET, OPTIONS"),
        ("POST", "/console", "GET, OPTIONS"),
    ],
)
def test_given_a_route_when_called_with_another_method_then_405_with_allowed_ones(
    method: str, path: str, allowed: str
) -> None:
    answer = ask(path, method)
    assert (answer.status, answer.json["code"]) == (405, "method_not_allowed")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["allow"] == allowed


def test_given_a_preflight_when_the_gateway_forwards_it_then_it_is_answered() -> None:
    answer = ask("/v1/orders", "OPTIONS")
    assert (answer.status, answer.content, answer.headers["allow"]) == (204, b"", "GET, OPTIONS, POST")
    assert ask("/v1/carts", "OPTIONS").status == 404


def test_given_a_path_with_invalid_id_characters_when_its_method_is_right_then_404() -> None:
    assert ask("/docs/\x7f").json["code"] == "route_not_found"
