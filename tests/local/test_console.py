"""Nobody waits in front of a silent terminal."""

import io

import pytest

from local import console
from local.console import Progress
from tests.support import wait_until


def test_given_a_long_step_when_it_goes_on_then_lines_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "REPEAT_SECONDS", 0.01)
    shown = io.StringIO()
    with Progress(shown).step("build"):
        wait_until(lambda: shown.getvalue().count("\n") >= 2)
    *meanwhile, last = shown.getvalue().splitlines()
    assert all(line.startswith("  build") and line.endswith("s …") for line in meanwhile)
    assert not last.endswith("…")


def test_given_a_step_that_fails_when_it_ends_then_it_is_not_reported_as_done() -> None:
    shown = io.StringIO()
    with pytest.raises(ZeroDivisionError), Progress(shown).step("build"):
        _ = 1 / 0
    assert shown.getvalue() == ""
