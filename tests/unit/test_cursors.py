import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain import cursors
from orders.domain.cursors import Position
from orders.domain.errors import InvalidCursor

LARGEST = 2**63 - 1
POSITIONS = st.builds(Position, st.integers(0, LARGEST), st.uuids().map(str))
SCOPES = st.binary(max_size=32)


@given(POSITIONS, SCOPES)
def test_given_any_position_when_written_and_read_then_it_is_the_same(position: Position, scope: bytes) -> None:
    assert cursors.read(cursors.write(position, scope), scope, LARGEST) == position


@given(POSITIONS, SCOPES, SCOPES)
def test_given_a_cursor_when_read_in_another_list_then_it_is_refused(
    position: Position, scope: bytes, other: bytes
) -> None:
    if scope != other:
        with pytest.raises(InvalidCursor):
            cursors.read(cursors.write(position, scope), other, LARGEST)


@given(POSITIONS, st.data())
def test_given_a_cursor_when_any_character_is_changed_then_it_is_refused(
    position: Position, data: st.DataObject
) -> None:
    cursor = cursors.write(position, b"list")
    index = data.draw(st.integers(0, len(cursor) - 1))
    character = data.draw(st.characters().filter(lambda character: character != cursor[index]))
    with pytest.raises(InvalidCursor):
        cursors.read(cursor[:index] + character + cursor[index + 1 :], b"list", LARGEST)


@given(st.text())
def test_given_any_text_when_read_as_a_cursor_then_it_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        cursors.read(text, b"list", LARGEST)


@pytest.mark.parametrize("change", ["{}=", "{}A", "{}\n", " {}", "A{}"])
def test_given_a_cursor_when_something_is_added_then_it_is_refused(change: str) -> None:
    cursor = cursors.write(Position(0, str(uuid.UUID(int=1))), b"list")
    with pytest.raises(InvalidCursor):
        cursors.read(change.format(cursor), b"list", LARGEST)


@pytest.mark.parametrize("value", [-1, 18, LARGEST])
def test_given_a_forged_cursor_when_its_value_is_invalid_then_it_is_refused(value: int) -> None:
    with pytest.raises(InvalidCursor):
        cursors.read(cursors.write(Position(value, str(uuid.UUID(int=1))), b"list"), b"list", 17)


def test_given_a_cursor_when_put_into_a_url_then_it_needs_no_escaping() -> None:
    cursor = cursors.write(Position(-1, str(uuid.UUID(int=2**128 - 1))), b"list")
    assert cursor.replace("-", "").replace("_", "").isalnum()
