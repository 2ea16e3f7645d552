"""Swagger UI in a browser, as used by a newcomer to the API."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from local.stack import Stack
from tests.e2e.browser import Visit, needs_chromium

pytestmark = needs_chromium


def test_given_a_token_when_the_example_is_executed_then_an_order_is_placed(
    visit: Visit, stack: Stack, services: httpx.Client, tmp_path: Path
) -> None:
    page = visit.page
    page.goto("/docs")
    expect(page.get_by_role("heading", level=1, name="Orders")).to_be_visible()
    page.get_by_role("button", name="Authorize").click()
    page.get_by_role("textbox", name="auth-bearer-value").fill(stack.token("5"))
    page.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").click()
    operation = page.locator("#operations-orders-create_order")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("201")
    expect(answer).to_contain_text('"product_id": "PROD001"')
    answer.scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / "placed.png")
    assert visit.errors == []
    assert visit.hosts <= {httpx.URL(stack.url).netloc.decode(), "data"}


def test_given_a_link_to_an_operation_when_opened_then_it_is_expanded(visit: Visit) -> None:
    visit.page.goto("/orders-doc/#/orders/cancel_order")
    operation = visit.page.locator("#operations-orders-cancel_order")
    expect(operation.get_by_role("button", name="Try it out")).to_be_visible()
    assert visit.errors == []


@pytest.mark.usefixtures("services")
def test_given_no_token_when_the_example_is_executed_then_the_401_is_shown(visit: Visit) -> None:
    visit.page.goto("/docs#/orders/list_orders")
    operation = visit.page.locator("#operations-orders-list_orders")
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("401")
