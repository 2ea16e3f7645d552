"""Only a folder that is marked as a stack's is written into, and deleted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import folder as stack_folder
from local.__main__ import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("STATE", str(folder))
    return folder


def test_given_a_new_folder_when_prepared_then_it_is_marked_and_ignored(folder: Path) -> None:
    stack_folder.prepare(folder)
    stack_folder.prepare(folder)
    assert stack_folder.is_own(folder)
    assert (folder / ".gitignore").read_text() == "*\n"


def test_given_two_commands_when_prepared_then_none_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    iterdir = Path.iterdir

    def iterdir_later(path: Path) -> Iterator[Path]:
        monkeypatch.setattr(Path, "iterdir", iterdir)
        stack_folder.prepare(path)  # another command is faster
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", iterdir_later)
    stack_folder.prepare(folder)
    assert stack_folder.is_own(folder)


@pytest.mark.parametrize("command", ["token", "up"])
def test_given_a_folder_with_other_files_when_used_then_it_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    folder.mkdir()
    (folder / "notes").write_text("mine")
    assert main([command]) == 1
    assert "name a new or an empty folder as STATE" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["notes"]


@pytest.mark.parametrize("command", ["token", "up", "deploy", "invoke --function health --event template.yaml"])
def test_given_a_folder_that_cannot_be_when_used_then_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, tmp_path: Path
) -> None:
    event = tmp_path / "event.json"
    event.write_text("{}")
    monkeypatch.setenv("STATE", str(event / "state"))
    assert main(command.replace("template.yaml", str(event)).split()) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "cannot be used as STATE: Not a directory." in error


def test_given_a_folder_of_somebody_else_when_cleaned_then_nothing_is_deleted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["build", "logs", "postgres"]
    for name in names:
        (folder / name).mkdir(parents=True)
    (folder / ".gitignore").write_text("*.pyc\n")
    assert main(["clean"]) == 1
    assert "nothing in it was deleted" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == [".gitignore", *names]


def test_given_a_stacks_folder_when_cleaned_then_it_is_deleted(folder: Path) -> None:
    assert main(["token"]) == 0
    for name in ("dashboard.html", "fakes.sqlite-wal", "stack.json"):
        (folder / name).write_text("{}")
    (folder / "logs").mkdir()
    assert main(["clean"]) == 0
    assert not folder.exists()


def test_given_other_files_in_a_stacks_folder_when_cleaned_then_they_are_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack_folder.prepare(folder)
    (folder / "notes").write_text("mine")
    assert main(["clean"]) == 0
    assert "notes" in capsys.readouterr().out
    assert [path.name for path in folder.iterdir()] == ["notes"]


def test_given_no_folder_when_cleaned_or_stopped_then_none_is_made(folder: Path) -> None:
    assert main(["clean"]) == main(["down"]) == 0
    assert not folder.exists()
