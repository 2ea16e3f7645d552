"""Get an order."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.domain.errors import InvalidParameter
from orders.domain.ids import is_order_id
from orders.domain.quoting import quoted
from orders.http.api import Api, customer_id, order_id
from orders.warmup import connect, warm_up

app = Api()
orders = cache(bootstrap.get_order)


@app.get("/v1/orders/<order>")
@app.get("/v1/orders/<order>/details", deprecated=True)
@app.get("/v1/orders/<order>/details/", deprecated=True)
def get_order(order: str) -> Response[str]:
    """Get an order with its lines and, if requested, its timeline."""
    include = app.query.get("include", "")
    if include not in {"", "timeline"}:
        raise InvalidParameter("include", f"is {quoted(include)}; it must be timeline.")
    caller, order = app.caller, order_id(order)
    return app.order(orders().get(caller, order, timeline=include == "timeline"))


@app.get("/v1/orders/create", include_in_schema=False)
def refuse_create() -> Response[str]:
    """Answer 405: for the gateway, `create` is an order's id here, but that path has no GET."""
    return app.no_route()


@app.get("/orders/<name>", deprecated=True)
def get_order_or_customer_orders(name: str) -> Response[str]:
    """Get an order by its id; for any other id, list that customer's orders."""
    if is_order_id(name):
        return get_order(name)
    # Few requests to this function list orders, so what lists them is loaded when it is first needed.
    from orders.use_cases.list_orders import ListOrders, list_query

    query = list_query(app.caller, app.query, customer_id(name))
    return app.orders(ListOrders(orders().database).list(query))


warm_up(orders, connect)
handler = app.handler
