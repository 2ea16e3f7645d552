import pytest

from orders.domain.ids import is_order_id


@pytest.mark.parametrize(
    "text", ["", "17", "01a1f804f67674258d36c12d7c86e4b3", "{01a1f804-f676-7425-8d36-c12d7c86e4b3}", "é"]
)
def test_given_text_that_is_no_canonical_uuid_when_parsed_then_it_is_no_order_id(text: str) -> None:
    assert not is_order_id(text)


def test_given_a_uuid_in_either_letter_case_when_parsed_then_it_is_an_order_id() -> None:
    assert is_order_id("01A1F804-f676-7425-8d36-c12d7c86e4b3")
