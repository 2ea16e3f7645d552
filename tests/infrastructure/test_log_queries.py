"""Saved queries and dashboards filter by log messages that the code writes."""

import re

from tests.support import ROOT

_FILTER = re.compile(r"message (?:=|in|like) *(\[[^\]]*\]|\"[^\"]*\")")
_TEXT = re.compile(r'"([^"]+)"')
_LOGGED = re.compile(r"logger\.(?:debug|info|warning|error|exception)\((.*)")


def test_given_the_queries_when_compared_then_the_code_logs_each_message() -> None:
    templates = (path.read_text() for path in (ROOT / "infrastructure").glob("*.yaml"))
    queried = {text for template in templates for match in _FILTER.findall(template) for text in _TEXT.findall(match)}
    modules = [path.read_text() for folder in ("shared/orders", "functions") for path in (ROOT / folder).rglob("*.py")]
    logged = {text for module in modules for call in _LOGGED.findall(module) for text in _TEXT.findall(call)}
    assert queried
    assert queried <= logged
