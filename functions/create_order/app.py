"""Place an order: for given items, or for the customer's cart."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.domain.order import TransitionResult
from orders.http.api import Api, customer_id
from orders.schemas.requests import CustomerOrder, NewOrder
from orders.use_cases.drafts import check_may_create
from orders.use_cases.place_order import EMPTY
from orders.warmup import connect, warm_up

app = Api()
place_order = cache(bootstrap.place_order)


@app.post("/v1/orders")
@app.post("/v1/orders/create", deprecated=True)
@app.post("/v1/orders/create/", deprecated=True)
@app.post("/orders", deprecated=True)
def create_order() -> Response[str]:
    """Place an order for the items in the body."""
    caller, key, request = app.caller, app.idempotency_key, app.body(NewOrder)
    check_may_create(caller, request.customer_id or caller.customer_id)
    return _created(place_order().from_items(caller, request, key=key))


@app.post("/v1/customers/<customer>/orders")
@app.post("/orders/<customer>", deprecated=True)
def create_customer_order(customer: str) -> Response[str]:
    """Place an order for the items in the body, or without items for the customer's cart."""
    caller, customer, key = app.caller, customer_id(customer), app.idempotency_key
    check_may_create(caller, customer)
    request = app.body(CustomerOrder) if app.has_body else EMPTY
    if order := request.as_new_order():
        return _created(place_order().from_items(caller, order, customer, key=key))
    return _created(place_order().from_cart(caller, customer, request, key=key))


def _created(result: TransitionResult) -> Response[str]:
    answer = app.order(result.row, HTTPStatus.CREATED)
    if result.repeated:
        answer.headers["Idempotent-Replayed"] = "true"
    return answer


warm_up(place_order, connect)
handler = app.handler
