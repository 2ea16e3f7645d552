from pathlib import Path

import pytest

from local.layout import DEFAULT_PORT, Layout


def test_given_no_record_when_found_then_the_layout_has_the_defaults(tmp_path: Path) -> None:
    layout = Layout.find(tmp_path)
    assert (layout.state, layout.port) == (tmp_path / ".local", DEFAULT_PORT)
    assert list(layout.ports.values()) == [8001, 8002, 8003, 8004]


def test_given_a_running_stack_when_found_then_the_layout_has_its_port(tmp_path: Path) -> None:
    state = tmp_path / "a state"
    state.mkdir()
    Layout.find(tmp_path, state, 9001).save()
    assert Layout.find(tmp_path, state).port == 9001
    assert Layout.find(tmp_path, state, 9100).port == 9100
    assert Layout.find(tmp_path, Path("a state")) == Layout.find(tmp_path, state)


@pytest.mark.parametrize("record", ["", "{}", "[]", '{"port": "many"}'])
def test_given_an_invalid_record_when_found_then_it_is_ignored(tmp_path: Path, record: str) -> None:
    (tmp_path / "stack.json").write_text(record)
    assert Layout.find(tmp_path, tmp_path).port == DEFAULT_PORT
