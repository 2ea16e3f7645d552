"""The requests of the Postman collection, in an order that works: each takes up what the ones before have left."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from local.openapi import examples
from local.openapi.references import Json

CUSTOMER = "token"
STAFF = "staffToken"
NOBODYS_ORDER = "00000000-0000-7000-8000-000000000000"

_KEEP_TAG_WHEN_SETTLED = (
    "const order = {",
    '  url: pm.variables.replaceIn("{{baseUrl}}/v1/orders/{{orderId}}"),',
    f'  header: {{ Authorization: `Bearer ${{pm.variables.get("{CUSTOMER}")}}` }},',
    "};",
    "const look = (left) => pm.sendRequest(order, (error, response) => {",
    '  pm.collectionVariables.set("etag", response.headers.get("ETag"));',
    '  const settled = ["refunded", "voided"].includes(response.json().payment_status);',
    "  if (!settled && left > 0) setTimeout(() => look(left - 1), 100);",
    "});",
    "look(300);",
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request, and what its answer must be.

    Attributes:
        name: what it shows.
        operation: the id of its operation.
        status: of the answer.
        place: the value of the parameter in the path.
        caller: the variable that holds the token.
        before: JavaScript to run first.
        expected: what JavaScript expressions over `answer` and `header(name)` are, beyond status, type and fields.
        kept: variables for later requests, and the expressions that they are set to.
    """

    name: str
    operation: str
    status: int = 200
    place: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None
    caller: str = CUSTOMER
    before: tuple[str, ...] = ()
    expected: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)


STORY: tuple[Step, ...] = (
    Step(
        name="Place an order",
        operation="create_order",
        status=201,
        headers={"Idempotency-Key": "{{idempotencyKey}}"},
        body=examples.NEW_ORDER,
        before=('pm.collectionVariables.set("idempotencyKey", pm.variables.replaceIn("{{$guid}}"));',),
        expected={"answer.links.self": 'header("Location")'},
        kept={"orderId": "answer.id", "customerId": "answer.customer_id"},
    ),
    Step(
        name="Place it again with the same key: it is the same order",
        operation="create_order",
        status=201,
        headers={"Idempotency-Key": "{{idempotencyKey}}"},
        body=examples.NEW_ORDER,
        expected={"answer.id": 'variable("orderId")', 'header("Idempotent-Replayed")': '"true"'},
    ),
    Step(
        name="Read it, with its timeline",
        operation="get_order",
        place="{{orderId}}",
        query={"include": "timeline"},
        expected={"answer.timeline[0].event": '"order.placed"'},
    ),
    Step(
        name="Place another order",
        operation="create_order",
        status=201,
        body=examples.NEW_ORDER,
    ),
    Step(
        name="List the newest order",
        operation="list_orders",
        query={"page_size": "1"},
        expected={"answer.count": "1"},
        kept={"cursor": "answer.next_cursor"},
    ),
    Step(
        name="List the next one",
        operation="list_orders",
        query={"page_size": "1", "cursor": "{{cursor}}"},
        expected={"answer.page_size": "1"},
    ),
    Step(
        name="Order what is in the cart",
        operation="create_customer_order",
        status=201,
        place="{{customerId}}",
    ),
    Step(
        name="List the customer's cancelled orders",
        operation="list_customer_orders",
        place="{{customerId}}",
        query={"status": "cancelled", "sort_by": "-created_at"},
        expected={'answer.orders.filter((order) => order.status !== "cancelled").length': "0"},
    ),
    Step(
        name="Cancel the first order",
        operation="cancel_order",
        place="{{orderId}}",
        body=examples.CANCELLATIONS["reason"],
        expected={"answer.cancel_reason": '"changed my mind"'},
    ),
    Step(
        name="Report the same, as staff: nothing changes",
        operation="update_order_status",
        place="{{orderId}}",
        body={"status": "cancelled"},
        caller=STAFF,
        expected={"answer.cancel_reason": '"changed my mind"'},
    ),
    Step(
        name="Read it once its money is back and it no longer changes: nothing is sent",
        operation="get_order",
        status=304,
        place="{{orderId}}",
        headers={"If-None-Match": "{{etag}}"},
        before=_KEEP_TAG_WHEN_SETTLED,
    ),
    Step(
        name="Cancel another version of it: refused",
        operation="cancel_order",
        status=412,
        place="{{orderId}}",
        headers={"If-Match": '"v999"'},
        expected={"answer.code": '"version_mismatch"'},
    ),
    Step(
        name="Read an order that does not exist",
        operation="get_order",
        status=404,
        place=NOBODYS_ORDER,
        expected={"answer.code": '"order_not_found"'},
    ),
    Step(
        name="Order for somebody else",
        operation="create_order",
        status=403,
        body={"customer_id": "somebody-else", **examples.NEW_ORDER},
        expected={"answer.code": '"forbidden"'},
    ),
    Step(
        name="Order nothing of a product",
        operation="create_order",
        status=422,
        body={"items": [{"product_id": "PROD001", "quantity": 0}]},
        expected={"answer.code": '"validation_error"', "answer.errors[0].loc": '["items", 0, "quantity"]'},
    ),
)
