"""List orders: everybody's for those who may see them, else the caller's own."""

from functools import cache

from aws_lambda_powertools.event_handler import Response

from orders.http.api import Api
from orders.use_cases.list_orders import ListOrders
from orders.warmup import warm_up

app = Api()
orders = cache(ListOrders.from_environment)


@app.get("/v1/orders")
@app.get("/orders", deprecated=True)
def list_orders() -> Response[str]:
    """A page of orders."""
    return app.orders(orders().list(app.caller, app.query))


warm_up(orders)
handler = app.handler
