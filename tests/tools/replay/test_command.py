"""The command line says in a sentence what is missing."""

from pathlib import Path

import pytest

from tools.replay.__main__ import main

CSV = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID\n536365,85123A,6,1/12/2010,2.55,17850\n"


def test_given_no_stack_when_replayed_then_it_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(CSV)
    assert main(["--csv", str(path), "--state", str(tmp_path / "state")]) == 1
    assert "`make up` first" in capsys.readouterr().err


def test_given_no_file_when_replayed_then_it_says_where_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--csv", ""]) == 1
    assert "CC BY 4.0" in capsys.readouterr().err


@pytest.mark.parametrize("clients", ["0", "-1", "many"])
def test_given_no_number_of_clients_when_replayed_then_it_is_refused(
    clients: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--csv", "orders.csv", f"--clients={clients}"])
    assert "is not a number of at least 1" in capsys.readouterr().err
