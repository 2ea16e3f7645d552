"""A check for Schemathesis: data that is valid by its schema is refused only for reasons no schema can express."""

from typing import Any

import schemathesis

REFUSED = {400, 412, 422}
KNOWN_TO_THE_SERVICE = {
    "cart_empty",
    "event_id_reused",
    "idempotency_key_reused",
    "invalid_cursor",
    "price_unknown",
    "unknown_product",
    "version_mismatch",
}


@schemathesis.check
def valid_data_is_refused_for_what_the_service_knows(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """The reason is current state, or fields and parameters that exclude each other."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in REFUSED:
        return
    problem = response.json()
    match problem["code"]:
        case "validation_error":
            assert {error["type"] for error in problem["errors"]} == {"value_error"}, problem
        case "invalid_parameter":
            # How far `page` may go depends on `page_size`, which counts where it is left out as well.
            assert len(case.path_parameters) + len(case.query) > 1 or "page" in case.query, problem
        case code:
            assert code in KNOWN_TO_THE_SERVICE, problem
