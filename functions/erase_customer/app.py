"""Erase or export the personal data of a customer."""

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap, telemetry
from orders.http.api import Api, customer_id, reply
from orders.telemetry import logger
from orders.use_cases.erase_customer import check_may_erase
from orders.warmup import warm_up

if TYPE_CHECKING:
    from orders.schemas.responses import ErasureView

app = Api()
personal_data = cache(bootstrap.erase_customer)


@app.delete("/v1/customers/<customer>/personal-data")
def erase_customer(customer: str) -> Response[str]:
    """Erase a customer's personal data."""
    caller, customer = app.caller, customer_id(customer)
    check_may_erase(caller)
    erasure: ErasureView = personal_data().erase(caller, customer)
    telemetry.count("OrdersErased", erasure["erased"])
    logger.info("personal data erased", **erasure)
    return reply(HTTPStatus.OK, erasure)


@app.get("/v1/customers/<customer>/personal-data")
def export_customer(customer: str) -> Response[str]:
    """Export all that is held of a customer, as JSON lines."""
    caller, customer = app.caller, customer_id(customer)
    check_may_erase(caller)
    page = personal_data().export(caller, customer, app.query.get("cursor"))
    body = "".join(f"{line}\n" for line in page.lines)
    return Response(HTTPStatus.OK, "application/x-ndjson", body, headers=app.next_page(page.next_cursor))


warm_up(personal_data)
handler = app.handler
