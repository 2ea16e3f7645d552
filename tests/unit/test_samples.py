"""What is refused without the database is refused before settings are read: a bare `sam local invoke` shows it."""

import pytest

from tests.samples import STATUSES, event
from tests.support import SETTINGS, Context, load_function

NEEDS_THE_ORDER = {"update_order_status/without_scope"}
"""403 for a caller who may see the order, 404 for others."""
REFUSED = {
    name: status
    for name, status in STATUSES.items()
    if (status in {400, 403, 422} and name not in NEEDS_THE_ORDER) or name.endswith(("no_such_id", "_route"))
}


@pytest.mark.parametrize(("name", "status"), REFUSED.items())
def test_given_no_settings_when_it_can_be_refused_then_it_is(
    monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    for variable in SETTINGS:
        monkeypatch.delenv(variable, raising=False)
    answer = load_function(name.partition("/")[0]).handler(event(name), Context())
    assert answer["statusCode"] == status
