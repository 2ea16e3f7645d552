"""The command line reports missing arguments; only workers are killed."""

from pathlib import Path

import pytest

from tools.chaos.__main__ import main
from tools.chaos.killer import function_of


def test_given_no_stack_when_run_then_it_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--state", str(tmp_path / "state")]) == 1
    assert "`make up` first" in capsys.readouterr().err


@pytest.mark.parametrize("orders", ["0", "-1", "many"])
def test_given_no_number_of_orders_when_run_then_it_is_refused(orders: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--orders={orders}"])
    assert "is not a number of at least 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "function"),
    [
        (["python", "/s/tmp/ministack-lambda-orders-create-order-x_1/_worker.py"], "create-order"),
        (["python", "-m", "ministack"], None),
        (["python", "/elsewhere/_worker.py"], None),
        ([], None),
    ],
)
def test_given_a_command_line_when_read_then_only_workers_are_recognized(
    command: list[str], function: str | None
) -> None:
    assert function_of(command) == function
