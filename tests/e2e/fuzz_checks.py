"""A check of our own for Schemathesis: what is right by its schema is refused for a reason that no schema tells."""

from typing import Any

import schemathesis

REFUSED = {400, 412, 422}
KNOWN_TO_THE_SERVICE = {
    "cart_empty",
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
    """A refusal tells of the state of things, or of fields and parameters that do not go together."""
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
