"""Accessibility (axe) and layout of the console, in light and dark, on wide and narrow screens."""

import os
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from fakes.demo import PRODUCTS
from local.stack import Stack
from tests.e2e.browser import Visit, needs_chromium
from tests.e2e.conftest import Open, wait_for

pytestmark = needs_chromium

STAFF = "orders:read orders:write"
ORDERS = (
    ("Bob Miller", {"1": 1, "2": 2}),
    ("Carla Gomez", {"SKU123": 1, "SKU456": 2}),
    ("David Kim", {"3": 2, "7": 2, "8": 3}),
    ("Emma Rossi", {"10": 12}),
    ("Alice Johnson", {"PROD001": 2, "PROD002": 1}),
    ("Omar Haddad", {"9": 1}),
    ("Lena Fischer", {"4": 1, "5": 1}),
    ("Mei Tanaka", {"6": 4}),
    ("Noah Smith", {"1": 3}),
    ("Sara Lindqvist", {"SKU123": 2, "6": 1}),
    ("Tom Baker", {"5": 2, "10": 30}),
    ("Ana Silva", {"PROD002": 6}),
)
DETAILS = {
    "adjustments": [
        {"kind": "shipping", "amount": "5.99", "description": "Standard delivery"},
        {"kind": "tax", "amount": "10.78", "description": "Wisconsin sales tax, 5.5%"},
        {"kind": "discount", "amount": "-10.00", "description": "Voucher SPRING"},
    ],
    "shipping_address": {
        "name": "Alice Johnson",
        "line1": "27 Elm Street",
        "city": "Madison",
        "region": "WI",
        "postal_code": "53703",
        "country": "US",
    },
    "billing_address": {
        "company": "Johnson Ltd, Accounts Payable",
        "line1": "P.O. Box 2210",
        "city": "Madison",
        "region": "WI",
        "postal_code": "53701",
        "country": "US",
    },
    "shipping_method": "standard",
    "note": "Please leave the parcel with the neighbour.",
    "metadata": {"campaign": "spring", "gift": "yes"},
}


@pytest.fixture(scope="module")
def shop(stack: Stack) -> str:
    """Orders in all sorts of statuses; returns the id of one with a long history."""
    httpx.post(f"{stack.services_url}/control/reset?force=true").raise_for_status()
    headers = {"Authorization": f"Bearer {stack.token('support', STAFF)}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60) as support:
        placed: list[str] = []
        for number, (name, products) in enumerate(ORDERS, start=101):
            body = {
                "customer_id": str(number),
                "customer_name": name,
                "customer_email": f"{name.split()[0].lower()}@example.com",
                "items": [
                    {"product_id": product, "quantity": quantity, "name": PRODUCTS[product][0]}
                    for product, quantity in products.items()
                ],
                "external_reference": f"WEB-{20400 + number}",
                "adjustments": [{"kind": "shipping", "amount": "5.99", "description": "Standard delivery"}],
                **(DETAILS if name == "Alice Johnson" else {}),
            }
            placed.append(support.post("/v1/orders", json=body).raise_for_status().json()["id"])
        for order in placed:
            wait_for(support, order, shipping_status="ready")
        for position, report in (
            (1, {"status": "shipped"}),
            (2, {"status": "shipped", "tracking_number": "1Z999AA10123456784"}),
            (2, {"status": "delivered"}),
            (4, {"status": "shipped", "tracking_number": "1Z999AA10123456785"}),
            (4, {"status": "delivered"}),
            (4, {"status": "returned", "reason": "Arrived damaged"}),
            (7, {"status": "shipped"}),
            (9, {"status": "shipped"}),
            (9, {"status": "delivered"}),
        ):
            support.put(f"/v1/orders/{placed[position]}/status", json=report).raise_for_status()
        support.post(f"/v1/orders/{placed[6]}/cancel", json={"reason": "Ordered twice"}).raise_for_status()
    return placed[4]


def opened(visit: Visit, stack: Stack, view: str) -> Page:
    visit.page.goto(f"/console#token={stack.token('support', STAFF)}&{view}")
    return visit.page


def complaints(page: Page) -> list[str]:
    """The violations that axe finds."""
    return [
        f"{rule['id']}: {node['html']}" for rule in Axe().run(page).response["violations"] for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_given_each_view_when_checked_by_axe_then_there_are_no_violations(
    visits: Open, stack: Stack, shop: str, scheme: str, width: int
) -> None:
    visit = visits(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = visit.page
    page.goto("/console")
    expect(page.get_by_role("dialog")).to_be_visible()
    violations = complaints(page)
    opened(visit, stack, "")
    expect(page.locator(".orders tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Status").click()
    violations += complaints(page)
    opened(visit, stack, f"order={shop}")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    violations += complaints(page)
    opened(visit, stack, "new=yes")
    page.get_by_label("Product", exact=True).last.fill("NONE")
    page.get_by_role("button", name="Add postage").click()
    for section in page.locator("summary").all():
        section.click()
    page.get_by_role("textbox", name="Postal code").fill("53703")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations + complaints(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_given_a_conflict_when_checked_by_axe_then_no_violations_and_it_fits(
    visits: Open, stack: Stack, services: httpx.Client, tmp_path: Path, scheme: str, width: int
) -> None:
    services.put("/control/payment", json={"failure_rate": 1}).raise_for_status()
    visit = visits(color_scheme=scheme, viewport={"width": width, "height": 900})
    headers = {"Authorization": f"Bearer {stack.token('support', STAFF)}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60) as support:
        body = {"customer_id": "113", "items": [{"product_id": "1", "quantity": 1}], **DETAILS}
        placed = support.post("/v1/orders", json=body).raise_for_status().json()
        page = opened(visit, stack, f"order={placed['id']}")
        page.get_by_role("button", name="Edit", exact=True).click()
        page.get_by_role("textbox", name="City").fill("Milwaukee")
        page.get_by_role("textbox", name="Note").fill("Ring twice.")
        changes = {"shipping_address": {**placed["shipping_address"], "line1": "29 Elm Street"}, "note": None}
        support.patch(f"/v1/orders/{placed['id']}", json=changes).raise_for_status()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("group", name="The order says now")).to_have_count(2)
    page.screenshot(path=tmp_path / "conflict.png")
    assert page.evaluate("(dialog => dialog.scrollWidth <= dialog.clientWidth)(document.querySelector('dialog'))")
    assert complaints(page) == []


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("light", 1200, "light"), ("dark", 1200, "dark"), ("narrow", 360, "light"), ("narrow-dark", 360, "dark")],
)
def test_given_a_screen_when_an_order_is_opened_then_the_layout_fits(
    visits: Open, stack: Stack, shop: str, tmp_path: Path, name: str, width: int, scheme: str
) -> None:
    visit = visits(color_scheme=scheme, viewport={"width": width, "height": 960}, locale="en-US")
    pictures = Path(os.environ.get("PICTURES") or tmp_path)
    page = opened(visit, stack, f"order={shop}")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.locator("#pane .pill")).to_have_text("Returned")
    # On a narrow screen, the order covers the list.
    expect(page.locator(f"[id='row-{shop}']")).to_be_attached()
    page.screenshot(path=pictures / f"console-{name}.png")
    lightness = page.evaluate("getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/)[0]")
    assert (int(lightness) > 128) == (scheme == "light")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("orders.scrollWidth <= orders.clientWidth")
    page.get_by_role("button", name="Close").click()
    expect(page.locator(f"[id='row-{shop}']")).to_be_focused()
    page.screenshot(path=tmp_path / f"list-{name}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.errors == []
