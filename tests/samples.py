"""The sample events in `events/`, and what each is answered."""

import json
from typing import Any

from tests.support import ROOT

EVENTS = ROOT / "events"
ORDER = "01a1f804-f676-7425-8d36-c12d7c86e4b3"
"""The order that the events speak of."""

STATUSES = {
    "cancel_order/reason": 200,
    "cancel_order/other_customers": 404,
    "cancel_order/stale": 412,
    "console/no_such_asset": 404,
    "console/page": 200,
    "create_order/cart": 201,
    "create_order/earlier_names": 201,
    "create_order/for_other_customer": 403,
    "create_order/invalid": 422,
    "create_order/items": 201,
    "create_order/malformed": 400,
    "create_order/shipped_and_billed": 201,
    "create_order/too_many": 409,
    "docs/no_such_asset": 404,
    "docs/openapi": 200,
    "docs/page": 200,
    "docs/preflight": 204,
    "docs/unknown_method": 405,
    "docs/unknown_route": 404,
    "erase_customer/erase": 200,
    "erase_customer/export": 200,
    "erase_customer/without_scope": 403,
    "get_order/customer": 200,
    "get_order/no_such_id": 404,
    "get_order/order": 200,
    "get_order/other_customers": 404,
    "get_order/timeline": 200,
    "health/earlier_path": 200,
    "health/health": 200,
    "list_customer_orders/own": 200,
    "list_customer_orders/other_customers": 403,
    "list_events/after_with_types": 200,
    "list_events/first_page": 200,
    "list_events/invalid": 400,
    "list_events/long_poll": 200,
    "list_events/order": 200,
    "list_events/without_scope": 403,
    "list_orders/all_customers": 200,
    "list_orders/invalid": 400,
    "list_orders/own": 200,
    "list_orders/search": 200,
    "metrics/prometheus": 200,
    "metrics/without_scope": 403,
    "update_order/address": 200,
    "update_order/other_customers": 404,
    "update_order/stale": 412,
    "update_order/without_city": 422,
    "update_order/words": 200,
    "update_order_status/cancelled": 200,
    "update_order_status/paid": 409,
    "update_order_status/shipped": 409,
    "update_order_status/two_statuses": 422,
    "update_order_status/without_scope": 403,
}
TOKENS: dict[str, dict[str, Any]] = {
    "authorizer/expired": {"isAuthorized": False},
    "authorizer/forged": {"isAuthorized": False},
    "authorizer/valid": {
        "isAuthorized": True,
        "context": {"customer_id": "5", "scope": "orders:read", "actor": "customer:5", "pseudonym": "customer"},
    },
    "authorizer/no_token": {"isAuthorized": False},
}
MIGRATIONS = {"migrate_database/by_hand"}
DEPLOYS = {"authorizer/check_keys", *(f"migrate_database/{request}" for request in ("create", "update", "delete"))}
"""These are held to their answers by test_key_check and test_migrate_database."""
CHARGE = "process_task/charge_payment"
BATCHES = {
    "process_task/batch_with_poison": ["059f36b4-87a3-44ab-83d2-661975830002"],
    "process_task/unknown_task": [],
}
RELAYS: dict[str, dict[str, Any]] = {
    "relay_outbox/list_failed": {"tasks": [], "unknown": []},
    "relay_outbox/redrive_all": {"redriven": 0},
    "relay_outbox/redrive_some": {"redriven": 0},
    "relay_outbox/schedule": {
        **dict.fromkeys(("tasks", "holds", "expired", "erased", "keys", "deltas", "sequenced", "stuck"), 0),
        "lag_seconds": 0.0,
    },
}


def event(name: str) -> dict[str, Any]:
    """A sample by its name, `create_order/items`."""
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded
