"""The function that serves the console, and the page's files."""

import gzip
import re
from typing import Any

import pytest

from tests.support import FUNCTIONS, Answer, call, load_function

PAGE = FUNCTIONS / "console" / "page"
ASSETS = sorted(path.name for path in PAGE.iterdir() if path.name != "index.html")
BUDGET_BYTES = 80_000


def ask(path: str = "/console", **changes: Any) -> Answer:
    return call(load_function("console"), "GET", path, customer=None, **changes)


def addresses() -> list[str]:
    """The URLs that the page links."""
    return re.findall(r'(?:href|src)="(/[^"]+)"', ask().text)


def test_given_all_files_when_measured_then_they_are_within_the_size_budget() -> None:
    assert sum(path.stat().st_size for path in PAGE.iterdir()) <= BUDGET_BYTES


def test_given_the_page_when_opened_then_its_policy_allows_only_its_own_files() -> None:
    answer = ask()
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-cache", "no-referrer")
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = dict(rule.split(" ", 1) for rule in answer.headers["content-security-policy"].split("; "))
    nothing = ("default-src", "base-uri", "form-action", "frame-ancestors")
    own = ("script-src", "style-src", "connect-src", "img-src")
    assert policy == {
        **dict.fromkeys(nothing, "'none'"),
        **dict.fromkeys(own, "'self'"),
        "require-trusted-types-for": "'script'",
    }
    assert "://" not in answer.text
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", answer.text) == []


def test_given_the_page_when_read_then_it_links_every_file() -> None:
    names = {address.rpartition("/")[2] for address in addresses()}
    assert names == {*ASSETS}


def test_given_a_file_when_requested_then_it_is_cached_as_immutable() -> None:
    types = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    for address in addresses():
        plain, compressed = ask(address), ask(address, headers={"accept-encoding": "gzip"})
        file = PAGE / address.rpartition("/")[2]
        assert plain.content == compressed.content
        assert gzip.decompress(plain.content) == file.read_bytes()
        assert plain.headers["content-encoding"] == "gzip"
        assert plain.headers["content-type"] == f"{types[file.suffix]}; charset=utf-8"
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_given_a_cached_page_when_requested_again_then_304() -> None:
    answer = ask(headers={"if-none-match": ask().headers["etag"]})
    assert (answer.status, answer.content) == (304, b"")


@pytest.mark.parametrize("path", ["/console/0123456789abcdef/main.js", "/console/{}/app.py", "/console/{}/index.html"])
def test_given_another_version_or_an_unknown_file_when_requested_then_404(path: str) -> None:
    version = addresses()[0].split("/")[2]
    answer = ask(path.format(version))
    assert (answer.status, answer.json["code"]) == (404, "route_not_found")
    assert "reload /console" in answer.json["detail"]


def test_given_a_changed_file_when_the_function_restarts_then_all_urls_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for path in PAGE.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "dom.js").write_text("export const changed = true;")
    function = load_function("console")
    monkeypatch.setattr(function, "PAGE", tmp_path)
    changed = call(function, "GET", "/console", customer=None).text
    assert set(re.findall(r'"(/console/[^"]+)"', changed)).isdisjoint(addresses())
