"""Invalid requests are refused before settings are read: a bare `sam local invoke` shows it, without a database."""

import pytest

from tests.samples import STATUSES, event
from tests.support import SETTINGS, Context, load_function

INVALID = {
    name: status for name, status in STATUSES.items() if status in {400, 422} or name.endswith(("no_such_id", "_route"))
}


@pytest.mark.parametrize(("name", "status"), INVALID.items())
def test_given_no_settings_when_a_request_is_invalid_then_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    for variable in SETTINGS:
        monkeypatch.delenv(variable, raising=False)
    answer = load_function(name.partition("/")[0]).handler(event(name), Context())
    assert answer["statusCode"] == status
