"""List the events of all orders, in an order that never changes: the feed."""

from functools import cache
from http import HTTPStatus

from aws_lambda_powertools.event_handler import Response

from orders import bootstrap
from orders.domain import event_parameters
from orders.http.api import Api, reply
from orders.schemas.events import event_page_view
from orders.use_cases.list_events import check_may_read_events
from orders.warmup import connect, warm_up

app = Api()
events = cache(bootstrap.list_events)


@app.get("/v1/events")
def list_events() -> Response[str]:
    """List events after a position of the feed."""
    check_may_read_events(app.caller)
    query = event_parameters.parse(app.query)
    view = event_page_view(events().list(query))
    return reply(HTTPStatus.OK, view, app.next_page(view["next_cursor"], parameter="after"))


warm_up(events, connect)
handler = app.handler
