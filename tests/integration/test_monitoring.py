"""Metrics and log fields that alarms, dashboard and saved queries use, compared with what the functions log."""

import json
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import httpx
import pytest

from local import template as sam
from local.dashboard.measured import Metric, embedded
from local.ports import free_port
from orders import telemetry
from orders.auth.key_cache import Key, KeyCache, KeysUnavailable
from tests import monitored
from tests.integration.conftest import TASK_ID, Query
from tests.signing import Clock
from tests.support import ROOT, Context, http_event, task_message

type Load = Callable[[str], ModuleType]

CREATE = http_event("POST", "/v1/orders", {"items": [{"sku": "SKU123", "quantity": 2}]})
CREATE_SHORT = http_event("POST", "/v1/orders", {"items": [{"sku": "SKU456", "quantity": 1}]})
CREATE_FROM_CART = http_event("POST", "/v1/customers/5/orders")
GET = http_event("GET", "/v1/orders/0193b6a8-0000-7000-8000-000000000000")
# Fields that Logs Insights has of itself:
# docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
OF_AWS = {"@duration", "@initDuration", "@log", "@maxMemoryUsed", "@requestId", "@timestamp", "@type"}
# Its language, as far as it is used: commands, functions, and what stands between them.
LANGUAGE = re.compile(
    r"\b(?:fields|filter|sort|stats|limit|as|by|asc|desc|and|or|in|not|like|ispresent|count|avg|max|pct|bin\(5m\))(?!\w)"
)


class Deployed:
    """Functions under the names that a stack of the name `orders` gives them."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._loaded: dict[str, ModuleType] = {}

    def __call__(self, name: str, event: dict[str, Any]) -> Any:
        """Call a function; it stays warm."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        context = Context()
        context.function_name = f"orders-{name.replace('_', '-')}"
        return self._loaded[name].handler(event, context)

    def again(self, name: str) -> None:
        """Let a function start cold the next time."""
        self._loaded.pop(name, None)


@pytest.fixture
def printed(
    function: Load,
    services: httpx.Client,
    query: Query,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    """Log lines of a run in which everything happens at least once."""
    telemetry._metrics.flush()
    monkeypatch.setattr(telemetry.logger.registered_handler, "stream", sys.stdout)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1")
    monkeypatch.setenv("JWT_ALGORITHMS", "RS256")
    monkeypatch.setenv("JWT_JWKS_URL", "https://users.example/keys")
    call = Deployed(function)
    sell(call, services, query)
    fail(call, services, query)
    with monkeypatch.context() as busy:
        busy.setenv("TASK_CONCURRENCY", "0")
        call.again("process_task")
        call("create_order", CREATE)
        [charge] = query(f"SELECT {TASK_ID} FROM order_tasks WHERE kind = 'charge_payment' AND attempts = 0")  # noqa: S608
        call("process_task", {"Records": [task_message(charge["id"])]})
    with monkeypatch.context() as strict:
        strict.setenv("MAX_UNPAID_ORDERS", "1")
        call.again("create_order")
        call("create_order", CREATE)
        call("create_order", CREATE)
    keep_stale_keys()
    with monkeypatch.context() as away:
        away.setenv("DATABASE_PORT", str(free_port()))
        call.again("get_order")
        call("get_order", GET)
    with monkeypatch.context() as broken:
        broken.setattr("orders.postgres.orders.get_order", lambda *_, **__: 1 / 0)
        call.again("get_order")
        call("get_order", GET)
    return capsys.readouterr().out.splitlines()


def keep_stale_keys() -> None:
    """Look up keys while their source is down; the next invocation writes the metric."""
    answers = iter([[Key(None, "HS256", "")]])
    clock = Clock()

    def fetch() -> list[Key]:
        for keys in answers:
            return keys
        raise KeysUnavailable("the source is down")

    cache = KeyCache(fetch, clock)
    cache.find(None)
    clock.advance(301)
    assert cache.find(None)


def sell(call: Deployed, services: httpx.Client, query: Query) -> None:
    """Place orders and process their tasks; refuse one for lack of stock, and a caller without a token."""
    services.put("/inventory/products/SKU456", json={"quantity": 0}).raise_for_status()
    call("authorizer", {"headers": {"authorization": "Basic"}, "routeKey": "POST /v1/orders"})
    for event in (CREATE, CREATE_FROM_CART, CREATE_SHORT):
        call("create_order", event)
    process_tasks(call, query)
    call("relay_outbox", {})


def fail(call: Deployed, services: httpx.Client, query: Query) -> None:
    """Let each service fail a call, and payment refuse one for good."""
    for service in ("cart", "inventory", "notification", "payment", "shipping"):
        services.put(f"/control/{service}", json={"failure_rate": 1}).raise_for_status()
    for event in (CREATE, CREATE_FROM_CART):
        call("create_order", event)
    services.delete("/control/inventory").raise_for_status()
    call("create_order", CREATE)
    # Repeat the request, as after a lost answer.
    query("UPDATE order_tasks SET state = 'pending', available_at = now() WHERE kind = 'create_shipment'")
    process_tasks(call, query)
    services.put("/control/payment", json={"failure_rate": 1, "failure_status": 422}).raise_for_status()
    query("UPDATE order_tasks SET available_at = now() WHERE kind = 'charge_payment'")
    process_tasks(call, query)


def process_tasks(call: Deployed, query: Query) -> None:
    """Process the tasks that are due, and those that follow from them."""
    free = f"SELECT {TASK_ID} FROM order_tasks WHERE state = 'pending' AND available_at <= now()"  # noqa: S608 - a constant
    while tasks := query(free):
        call("process_task", {"Records": [task_message(row["id"]) for row in tasks]})


def test_given_a_metric_of_ours_when_used_then_a_function_logs_it(printed: list[str]) -> None:
    logged: set[Metric] = {metric for line in printed for metric, _ in embedded(line)}
    searches = [search for search in monitored.metrics(monitored.resources()) if search.namespace == "Orders"]
    assert searches
    assert [search for search in searches if not any(search.matches(metric) for metric in logged)] == []


def test_given_a_metric_of_ours_when_logged_then_it_is_monitored(printed: list[str]) -> None:
    searches = list(monitored.metrics(monitored.resources()))
    logged = {metric for line in printed for metric, _ in embedded(line)}
    assert logged
    assert [metric for metric in logged if not any(search.matches(metric) for search in searches)] == []


def test_given_a_log_field_when_a_saved_query_uses_it_then_a_function_logs_it(printed: list[str]) -> None:
    logged = {field for line in printed for field in json.loads(line)}
    [api] = sam.resources(sam.read(ROOT / "template.yaml"), sam.HTTP_API).values()
    accessed = set(json.loads(api["Properties"]["AccessLogSettings"]["Format"]))
    for saved in monitored.of_type(monitored.resources(), "AWS::Logs::QueryDefinition"):
        known = accessed if "/aws/vendedlogs/apis/orders" in saved["LogGroupNames"] else logged
        assert named(saved["QueryString"]) <= known | OF_AWS, saved["Name"]


def test_given_a_message_when_a_saved_query_filters_by_it_then_a_function_logs_it(printed: list[str]) -> None:
    logged = {json.loads(line).get("message") for line in printed}
    queries = [saved["QueryString"] for saved in monitored.of_type(monitored.resources(), "AWS::Logs::QueryDefinition")]
    filters = re.findall(r"filter message (?:=|in) (.+)", "\n".join(queries))
    messages = {message for each in filters for message in re.findall(r'"([^"]+)"', each)}
    assert messages
    assert messages <= logged


def named(saved_query: str) -> set[str]:
    """The log fields that a saved query uses, except those that it defines itself."""
    text = re.sub(r'"[^"]*"|/[^/]*/', "", saved_query)
    own = set(re.findall(r"\bas (\w+)", text))
    return set(re.findall(r"@?\b[a-zA-Z]\w*", LANGUAGE.sub("", text))) - own
