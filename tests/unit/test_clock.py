import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.clock import EPOCH, Clock, unix_milliseconds, uuid7
from orders.schemas.responses import timestamp


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_given_any_time_when_an_id_is_made_then_it_is_a_uuid_7_with_that_time(
    milliseconds: int, randomness: bytes
) -> None:
    made = uuid7(milliseconds, randomness)
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == milliseconds


def test_given_the_example_of_rfc_9562_when_made_again_then_it_is_the_same() -> None:
    randomness = (0xCC3 << 64 | 0x18C4DC0C0C07398F).to_bytes(10)
    assert str(uuid7(0x017F22E279B0, randomness)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_given_two_times_when_ids_are_made_then_the_later_one_is_greater() -> None:
    clock = Clock()
    early = clock.new_order_id(datetime(2026, 11, 20, 8, 0, 0, 1000, tzinfo=UTC))
    late = clock.new_order_id(datetime(2026, 11, 20, 8, 0, 0, 2000, tzinfo=UTC))
    assert early < late


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone comes with it
def test_given_any_time_when_an_id_is_made_then_it_has_the_apis_millisecond(at: datetime) -> None:
    assert timestamp(at) == timestamp(EPOCH + timedelta(milliseconds=unix_milliseconds(at)))
    assert uuid.UUID(Clock().new_order_id(at)).int >> 80 == unix_milliseconds(at)
