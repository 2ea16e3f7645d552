"""What the command line takes and refuses; nothing is started here."""

from pathlib import Path

import pytest

from local.__main__ import main, parser
from local.ports import free_port
from tools import smoke


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STATE", str(tmp_path))
    monkeypatch.delenv("PORT", raising=False)
    return tmp_path


def test_given_variables_when_parsed_then_they_are_defaults_of_the_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9001")
    monkeypatch.setenv("STATE", "elsewhere")
    options = parser().parse_args(["status"])
    assert (options.port, options.state) == (9001, Path("elsewhere"))
    assert parser().parse_args(["--port", "9101", "status"]).port == 9101


@pytest.mark.parametrize("empty", ["PORT", "STATE"])
def test_given_empty_variables_when_parsed_then_they_are_ignored(monkeypatch: pytest.MonkeyPatch, empty: str) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("STATE", "")
    options = parser().parse_args(["status"])
    assert (options.port, options.state) == (None, Path(".local"))


@pytest.mark.parametrize("port", ["0", "-1", "65533", "http"])
def test_given_no_port_when_parsed_then_it_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args([f"--port={port}", "up"])
    assert "is not a port from 1 to 65532" in capsys.readouterr().err


def test_given_parameters_when_parsed_then_only_the_first_equals_sign_counts() -> None:
    options = parser().parse_args(["deploy", "--parameter", "A=1", "--parameter", "B=c=d"])
    assert options.parameters == [("A", "1"), ("B", "c=d")]


def test_given_a_parameter_without_a_value_when_parsed_then_it_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["deploy", "--parameter", "A"])
    assert "A is not NAME=VALUE" in capsys.readouterr().err


@pytest.mark.usefixtures("state")
def test_given_no_stack_when_a_token_is_requested_then_only_it_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["token", "--customer", "7"]) == 0
    assert capsys.readouterr().out.count(".") == 2


@pytest.mark.usefixtures("state")
def test_given_no_stack_when_smoke_tested_then_the_health_check_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smoke, "PAUSE_SECONDS", 0)
    monkeypatch.setenv("TOKEN", "replaced by one of the stack")
    assert main(["--port", str(free_port()), "smoke"]) == 1
    assert capsys.readouterr().err.startswith("FAILED  GET /v1/health got no answer in 3 attempts: ")


@pytest.mark.usefixtures("state")
def test_given_no_stack_when_stopped_then_there_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["down"]) == 0
    assert capsys.readouterr().out == "Nothing was running.\n"


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("command", ["psql", "deploy"])
def test_given_no_stack_when_it_is_needed_then_the_message_says_how_to_start_it(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 1
    assert "`make up` first" in capsys.readouterr().err
