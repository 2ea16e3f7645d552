"""The console in a browser: what customers and support see and do."""

import json
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import jwt
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from local.stack import Stack
from orders.domain.details import COUNTRIES
from orders.domain.lifecycle import STATES, Event, transition
from orders.domain.reports import reportable
from orders.domain.states import PaymentStatus, ShippingStatus, Status
from tests.e2e.browser import Visit, needs_chromium
from tests.e2e.conftest import Client, Open, wait_for

pytestmark = [needs_chromium, pytest.mark.usefixtures("services")]

STAFF = "orders:read orders:write"
POLL_MILLISECONDS = 6_000
MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
ADDRESS = {
    "name": "Renée Müller",
    "line1": "Torstraße 140",
    "line2": "Hinterhaus",
    "city": "Berlin",
    "postal_code": "10119",
    "country": "DE",
    "phone": "+49 30 555014",
}


def orders(client: Client, customer: str, count: int, **changes: Any) -> list[dict[str, Any]]:
    """Place orders for a customer; one line of a product, by default."""
    with client("support", STAFF) as support:
        body = {"customer_id": customer, "items": [{"product_id": "SKU456", "quantity": 1}], **changes}
        return [support.post("/v1/orders", json=body).raise_for_status().json() for _ in range(count)]


def order(client: Client, customer: str, **changes: Any) -> dict[str, Any]:
    """Place one order."""
    [placed] = orders(client, customer, 1, **changes)
    return placed


def ready_order(client: Client, customer: str, **changes: Any) -> dict[str, Any]:
    """Place an order, and wait until it is paid and its parcel is ready."""
    placed = order(client, customer, **changes)
    with client("support", STAFF) as support:
        return wait_for(support, placed["id"], shipping_status="ready")


def open_console(visit: Visit, stack: Stack, customer: str, scope: str = "", view: str = "") -> Page:
    visit.page.goto(f"/console#token={stack.token(customer, scope)}&{view}")
    return visit.page


def signed(stack: Stack, **claims: Any) -> str:
    """A token with claims of its own."""
    secret = (stack.layout.state / "jwt-secret").read_text().strip()
    return jwt.encode({"exp": int(time.time()) + 3600, **claims}, secret, "HS256")


def rows(page: Page) -> Locator:
    return page.locator(".orders tbody tr")


def pane(page: Page) -> Locator:
    return page.locator("#pane")


def cancelling_what_is_shipped(visit: Visit, stack: Stack, client: Client, customer: str) -> Page:
    """Open the dialog that cancels an order, and ship the order meanwhile."""
    placed = ready_order(client, customer)
    page = open_console(visit, stack, customer, view=f"order={placed['id']}")
    pane(page).get_by_role("button", name="Cancel order").click()
    with client("support", STAFF) as support:
        support.put(f"/v1/orders/{placed['id']}/status", json={"status": "shipped"}).raise_for_status()
    return page


def facts(shown: Locator) -> set[tuple[str, str]]:
    """The names and values that are shown of an order."""
    values = shown.locator(".facts > div").all()
    return {(each.locator("dt").inner_text(), each.locator("dd").inner_text()) for each in values}


def address(page: Page) -> str:
    """What the address bar says of the view."""
    return page.url.partition("#")[2]


# Signing in


def test_given_a_pasted_token_when_signed_in_then_only_this_tab_keeps_it(
    visit: Visit, stack: Stack, client: Client
) -> None:
    order(client, "c-paste")
    page, token = visit.page, stack.token("c-paste")
    sent: list[tuple[str, dict[str, str]]] = []
    page.on("request", lambda request: sent.append((request.url, request.headers)))
    page.goto("/console")
    page.get_by_label("Token").fill("something else")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Not a valid token")).to_be_visible()
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(rows(page)).to_have_count(1)
    kept = page.evaluate("[{...sessionStorage}, {...localStorage}, document.cookie]")
    assert kept == [{"orders.token": token}, {}, ""]
    carriers = [url for url, headers in sent if token in json.dumps([url, headers])]
    assert carriers
    assert all(url.startswith(f"{stack.url}/v1/orders") for url in carriers)
    assert visit.hosts == {httpx.URL(stack.url).netloc.decode()}
    page.get_by_role("button", name="Customer c-paste").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("dialog", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    assert visit.errors == []


def test_given_a_token_in_the_url_when_opened_then_it_is_removed_at_once(
    visit: Visit, stack: Stack, client: Client
) -> None:
    placed = order(client, "c-link")
    page = open_console(visit, stack, "c-link", view=f"status=pending%2Cconfirmed&order={placed['id']}")
    expect(pane(page).get_by_role("heading", name="Order")).to_contain_text(placed["id"][-8:])
    assert address(page) == f"status=pending%2Cconfirmed&order={placed['id']}"
    assert page.evaluate("history.length") == 2  # about:blank, and this


@pytest.mark.parametrize("leaves", [False, True])
def test_given_a_session_when_a_link_has_another_token_then_it_asks_first(
    visit: Visit, stack: Stack, client: Client, *, leaves: bool
) -> None:
    mine, other = f"c-mine-{leaves}", f"c-other-{leaves}"
    order(client, mine)
    page = open_console(visit, stack, mine)
    expect(rows(page)).to_have_count(1)
    dialog = page.get_by_role("dialog", name="Replace session")
    for press, customer in (("Back", mine), ("Replace session", other)):
        if leaves:
            page.goto("about:blank")
        open_console(visit, stack, other)
        expect(dialog).to_contain_text(f"This link signs you in as {other}. You are signed in as {mine}.")
        assert "token" not in address(page)
        dialog.get_by_role("button", name=press, exact=True).click()
        expect(dialog).to_be_hidden()
        expect(page.locator("#caller")).to_contain_text(f"Customer {customer}")
    expect(rows(page)).to_have_count(0)
    # Another token of the same customer replaces the first without a question.
    open_console(visit, stack, other)
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize(("button", "who"), [("As customer", "Customer c-local"), ("As support", "Support")])
def test_given_the_local_stack_when_a_button_is_pressed_then_it_signs_in(visit: Visit, button: str, who: str) -> None:
    page = visit.page
    page.goto("/console")
    page.get_by_role("textbox", name="Customer").fill("c-local")
    page.get_by_role("button", name=button).click()
    expect(page.locator("#caller")).to_contain_text(who)


def test_given_an_expired_token_when_signing_in_again_then_the_view_is_kept(
    visit: Visit, stack: Stack, client: Client
) -> None:
    placed = order(client, "c-expiry")
    page = visit.page
    page.clock.install()
    open_console(visit, stack, "c-expiry", view=f"order={placed['id']}")
    expect(pane(page).get_by_role("heading", name="Timeline")).to_be_visible()
    refused: list[int] = []
    page.on("response", lambda response: refused.append(response.status) if response.status in {401, 403} else None)
    page.clock.fast_forward("13:00:00")
    dialog = page.get_by_role("dialog", name="Your session has expired")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    expect(rows(page)).to_have_count(1)
    assert refused == []
    secret = (stack.layout.state / "jwt-secret").read_text().strip()
    later = jwt.encode({"sub": "c-expiry", "exp": int(time.time()) + 20 * 3600}, secret, "HS256")
    dialog.get_by_label("Token").fill(later)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(pane(page).get_by_role("heading", name="Timeline")).to_be_visible()
    with page.expect_response(lambda response: "/v1/orders" in response.url) as answered:
        page.clock.run_for(POLL_MILLISECONDS)
    assert answered.value.ok or answered.value.status == 304


def test_given_a_token_that_the_api_refuses_when_sent_then_a_new_one_is_requested(
    visit: Visit, stack: Stack, client: Client
) -> None:
    order(client, "c-forged")
    forged = jwt.encode({"sub": "c-forged", "exp": int(time.time()) + 3600}, "x" * 32, "HS256")
    page = visit.page
    page.goto(f"/console#token={forged}")
    dialog = page.get_by_role("dialog", name="Your token was rejected")
    dialog.get_by_label("Token").fill(stack.token("c-forged"))
    dialog.get_by_role("button", name="Sign in").click()
    expect(rows(page)).to_have_count(1)


# The list


def test_given_a_filter_when_chosen_then_it_is_in_the_url_and_back_removes_it(
    visit: Visit, visits: Open, stack: Stack, client: Client
) -> None:
    kept, cancelled = orders(client, "c-filter", 2, customer_email="filter@example.com")
    with client("support", STAFF) as support:
        support.post(f"/v1/orders/{cancelled['id']}/cancel")
        wait_for(support, cancelled["id"], status="cancelled")
    page = open_console(visit, stack, "support", STAFF)
    page.get_by_role("searchbox").fill("filter@example.com")
    page.get_by_role("searchbox").press("Enter")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Status").click()
    page.get_by_role("checkbox", name="Cancelled").check()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text(cancelled["id"][-8:])
    page.get_by_label("Sort").select_option("Highest total")
    assert address(page) == "q=filter%40example.com&status=cancelled&sort_by=-total"
    expect(rows(page)).to_have_count(1)

    other = open_console(visits(), stack, "support", STAFF, address(page))
    expect(other.get_by_role("button", name="Status: Cancelled")).to_be_visible()
    expect(rows(other)).to_have_count(1)

    page.go_back()
    page.go_back()
    expect(rows(page)).to_have_count(2)
    expect(rows(page).last).to_contain_text(kept["id"][-8:])
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_given_days_when_chosen_then_they_are_in_the_readers_time_zone(
    visits: Open, stack: Stack, client: Client
) -> None:
    order(client, "c-days")
    visit = visits(timezone_id="Asia/Tokyo")
    asked: list[httpx.URL] = []
    visit.page.on("request", lambda request: asked.append(httpx.URL(request.url)))
    page = open_console(visit, stack, "c-days", view="created_from=2026-03-01&created_to=2026-03-31&product_id=SKU456")
    expect(page.get_by_role("heading", name="No matching orders")).to_be_visible()
    query = next(url.params for url in asked if url.path == "/v1/orders")
    assert (query["created_from"], query["created_to"]) == ("2026-02-28T15:00:00.000Z", "2026-03-31T15:00:00.000Z")
    page.get_by_role("button", name="Placed").click()
    page.get_by_label("From", exact=True).fill("")
    page.get_by_label("To", exact=True).fill("")
    expect(rows(page)).to_have_count(1)


def test_given_more_orders_than_a_page_when_scrolled_then_more_are_loaded(
    visits: Open, stack: Stack, client: Client
) -> None:
    orders(client, "c-many", 27)
    page = open_console(visits(viewport={"width": 1200, "height": 500}), stack, "c-many")
    expect(page.locator(".count")).to_have_text("Orders: 25 of 27")
    page.mouse.wheel(0, 10_000)
    expect(rows(page)).to_have_count(27)
    expect(page.locator(".count")).to_have_text("Orders: 27")
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()


def test_given_an_open_list_when_an_order_arrives_then_visible_rows_do_not_move(
    visits: Open, stack: Stack, client: Client
) -> None:
    orders(client, "c-live", 12)
    visit = visits(viewport={"width": 1200, "height": 400})
    visit.page.clock.install()
    page = open_console(visit, stack, "c-live")
    expect(rows(page)).to_have_count(12)
    row = rows(page).nth(8)
    identity = row.get_by_role("link").get_attribute("id")
    row.get_by_role("link").focus()
    before = row.bounding_box()
    new = order(client, "c-live")
    page.clock.run_for(POLL_MILLISECONDS)
    expect(rows(page)).to_have_count(13)
    expect(rows(page).first).to_contain_text(new["id"][-8:])
    focused = page.locator(f"#{identity}")
    expect(focused).to_be_focused()
    after = rows(page).nth(9).bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 1


def test_given_no_orders_when_opened_then_it_says_so_and_links_to_the_form(visit: Visit, stack: Stack) -> None:
    page = open_console(visit, stack, "c-nobody")
    expect(page.get_by_role("heading", name="No orders yet")).to_be_visible()
    page.get_by_role("link", name="Place an order").click()
    expect(page.get_by_role("heading", name="New order")).to_be_focused()


def test_given_an_invalid_filter_when_opened_then_the_apis_error_is_shown(visit: Visit, stack: Stack) -> None:
    page = open_console(visit, stack, "c-wrong", view="status=lost")
    expect(page.get_by_role("alert")).to_contain_text("lost")
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_role("heading", name="No orders yet")).to_be_visible()


def test_given_a_lost_connection_when_shown_then_the_view_stays_with_its_age(
    visit: Visit, stack: Stack, client: Client
) -> None:
    order(client, "c-offline")
    page = open_console(visit, stack, "c-offline")
    expect(rows(page)).to_have_count(1)
    page.context.set_offline(True)
    banner = page.locator("#connection")
    expect(banner).to_contain_text("No connection. Last updated")
    expect(rows(page)).to_have_count(1)
    page.context.set_offline(False)
    expect(banner).to_be_hidden()


def test_given_a_failed_task_when_support_looks_then_its_order_is_marked_and_found(
    visit: Visit, visits: Open, stack: Stack, client: Client, services: httpx.Client
) -> None:
    order(client, "c-fine")
    page = open_console(visit, stack, "support", STAFF)
    expect(rows(page).filter(has_text="Customer c-fine")).to_have_count(1)
    # While the payment service does not answer, the order is in the list; then its task fails, and it stays as it is.
    services.put("/control/payment", json={"failure_rate": 1}).raise_for_status()
    failing = order(client, "c-failing")
    row = rows(page).filter(has_text=failing["id"][-8:])
    expect(row).to_contain_text("Processing")
    expect(row.get_by_role("img", name="Needs attention")).to_have_count(0)
    row.get_by_role("link").click()
    expect(pane(page).get_by_role("heading", name="Timeline")).to_be_visible()
    services.put("/control/payment", json={"failure_rate": 1, "failure_status": 400}).raise_for_status()
    expect(row.get_by_role("img", name="Needs attention")).to_be_visible()
    expect(pane(page).get_by_role("alert")).to_contain_text("A task of this order has failed")
    page.get_by_role("checkbox", name="Needs attention").check()
    expect(rows(page).filter(has_text="Customer c-fine")).to_have_count(0)
    expect(row).to_be_visible()
    assert address(page) == f"order={failing['id']}&needs_attention=true"

    own = open_console(visits(), stack, "c-failing", view=f"order={failing['id']}")
    expect(pane(own).get_by_role("heading", name="Timeline")).to_be_visible()
    expect(rows(own)).to_have_count(1)
    expect(own.get_by_text("Needs attention").filter(visible=True)).to_have_count(0)
    expect(own.get_by_role("img", name="Needs attention")).to_have_count(0)
    assert visit.errors == []


def test_given_the_names_of_an_order_when_searched_then_it_is_found_by_each(
    visit: Visit, stack: Stack, client: Client
) -> None:
    placed, _ = [order(client, "c-names", external_reference=f"WEB/{name}") for name in ("first", "second")]
    page = open_console(visit, stack, "c-names")
    expect(rows(page)).to_have_count(2)
    shown = rows(page).last.locator("th")
    number = shown.get_by_role("link").inner_text()
    reference, short_id = shown.locator("small").inner_text().split(" · ")
    assert (number, reference, short_id) == (f"#{placed['number']}", "WEB/first", placed["id"][-8:])
    for name in (number, reference, short_id):
        page.get_by_role("searchbox").fill(name)
        page.get_by_role("searchbox").press("Enter")
        expect(rows(page)).to_have_count(1)
        expect(rows(page).get_by_role("link")).to_have_attribute("title", placed["id"])
        page.get_by_role("button", name="Clear").click()
        expect(rows(page)).to_have_count(2)


# An order


@pytest.mark.parametrize("allowed", [True, False])
def test_given_an_order_when_its_id_is_copied_then_a_toast_says_whether_it_was(
    visit: Visit, stack: Stack, client: Client, *, allowed: bool
) -> None:
    placed = order(client, "c-copy")
    page = visit.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not allowed:
        page.add_init_script("navigator.clipboard.writeText = async () => { throw new Error(); }")
    open_console(visit, stack, "c-copy", view=f"order={placed['id']}")
    expect(pane(page)).to_contain_text(placed["id"])
    button = pane(page).get_by_role("button", name="Copy id")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_have_text("Id copied" if allowed else re.compile("Copying failed"))
    assert (page.evaluate("navigator.clipboard.readText()") == placed["id"]) is allowed


def test_given_a_timeline_when_read_then_support_sees_who_and_customers_the_kind(
    visit: Visit, visits: Open, stack: Stack, client: Client, services: httpx.Client
) -> None:
    placed = ready_order(client, "c-actors")
    with httpx.Client(
        base_url=stack.url, headers={"Authorization": f"Bearer {signed(stack, sub='ann', is_staff=True)}"}
    ) as ann:
        report = {"status": "shipped", "reason": "left_early"}
        ann.put(f"/v1/orders/{placed['id']}/status", json=report).raise_for_status()
    for page, actors in (
        (open_console(visit, stack, "support", STAFF), ("staff:ann", "system:process_task", "service:support")),
        (open_console(visits(), stack, "c-actors"), ("staff", "system", "service")),
    ):
        page.evaluate("(id) => { location.hash = `order=${id}`; }", placed["id"])
        entries = pane(page).locator(".timeline li")
        expect(entries.first.locator("p")).to_have_text(f"by {actors[0]} · Left early")
        expect(entries.nth(1).locator("p")).to_have_text(f"by {actors[1]}")
        expect(entries.last.locator("p")).to_have_text(f"by {actors[2]}")


def test_given_a_declined_card_when_shown_then_codes_are_in_words(
    visit: Visit, stack: Stack, client: Client, services: httpx.Client
) -> None:
    services.put("/control/payment", json={"decline_rate": 1}).raise_for_status()
    placed = order(client, "c-declined")
    with client("c-declined") as customer:
        wait_for(customer, placed["id"], status="failed")
    page = open_console(visit, stack, "c-declined", view=f"order={placed['id']}")
    expect(pane(page).locator(".facts")).to_contain_text("Payment declined")
    expect(pane(page).locator(".timeline")).to_contain_text("Card declined")
    assert re.findall(r"[a-z]_[a-z]", pane(page).inner_text()) == []


def test_given_a_reason_when_escape_is_pressed_then_it_asks_before_discarding(
    visit: Visit, stack: Stack, client: Client
) -> None:
    placed = order(client, "c-escape")
    page = open_console(visit, stack, "c-escape", view=f"order={placed['id']}")
    pane(page).get_by_role("button", name="Cancel order").click()
    dialog = page.get_by_role("dialog", name="Cancel order")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    pane(page).get_by_role("button", name="Cancel order").click()
    reason = dialog.get_by_label("Reason")
    reason.press_sequentially("Too la")
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("alert")).to_contain_text("Press Escape again")
    reason.press_sequentially("te")
    expect(dialog.get_by_role("alert")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(dialog.get_by_role("alert")).to_be_visible()
    expect(reason).to_have_value("Too late")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(pane(page).get_by_role("button", name="Cancel order")).to_be_visible()


def test_given_an_order_when_opened_then_all_of_it_is_shown_in_the_readers_locale(
    visits: Open, stack: Stack, client: Client
) -> None:
    lines = [{"product_id": "SKU123", "quantity": 12}, {"product_id": "PROD002", "quantity": 1}]
    placed = ready_order(client, "c-open", items=lines, customer_name="Renée Müller")
    page = open_console(visits(locale="de-DE"), stack, "c-open")
    rows(page).get_by_role("link").click()
    shown = pane(page)
    expect(shown.get_by_role("heading", name="Order")).to_be_focused()
    for text in ("1.229,99\xa0$", "Renée Müller", "1.200,00\xa0$", placed["tracking_number"], "Order placed"):
        expect(shown).to_contain_text(text)
    expect(shown.locator(".timeline li")).to_have_count(5)
    expect(shown.locator(".timeline time").first).to_contain_text(re.compile(r"\d\d\.\d\d\.20\d\d, \d\d:\d\d"))
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    expect(rows(page).get_by_role("link")).to_be_focused()


def test_given_all_fields_when_opened_then_the_order_is_shown_as_on_an_invoice(
    visits: Open, stack: Stack, client: Client
) -> None:
    placed = ready_order(
        client,
        "c-invoice",
        items=[
            {"product_id": "SKU456", "quantity": 3, "name": "Desk Lamp"},
            {"product_id": "PROD002", "quantity": 1},
        ],
        adjustments=[
            {"kind": "shipping", "amount": "5.99", "description": "Standard delivery"},
            {"kind": "tax", "amount": "10.25"},
            {"kind": "discount", "amount": "-18.00", "description": "Voucher SPRING"},
        ],
        shipping_address=ADDRESS,
        billing_address={"company": "Müller GmbH", "line1": "Postfach 7", "city": "Berlin", "country": "DE"},
        shipping_method="express",
        external_reference="WEB-2231",
        note="Leave it with the neighbour.\nThe bell is broken.",
        metadata={"Gift wrap": "red", "campaign": "spring"},
    )
    page = open_console(visits(locale="en-US"), stack, "c-invoice", view=f"order={placed['id']}")
    shown = pane(page)
    expect(shown.get_by_role("heading", name="Order")).to_have_text(f"Order #{placed['number']} {placed['id'][-8:]}")
    expect(page).to_have_title(f"Order #{placed['number']}")
    expect(shown.locator(".sum")).to_have_text("$178.23USD")
    sums = [row.split("\t") for row in shown.locator(".lines tfoot").inner_text().splitlines()]
    assert [cell for row in sums for cell in row if cell] == [
        *("Subtotal", "$179.99"),
        *("Standard delivery", "Shipping", "$5.99"),
        *("Tax", "$10.25"),
        *("Voucher SPRING", "Discount", "-$18.00"),
        *("Total", "$178.23"),
    ]
    lines = shown.locator(".lines tbody th")
    expect(lines.filter(has_text="SKU456")).to_have_text("Desk LampSKU456")
    expect(lines.filter(has_text="PROD002")).to_have_text("PROD002")
    assert facts(shown) >= {
        ("Shipping address", "Renée Müller\nTorstraße 140\nHinterhaus\nBerlin 10119\nGermany\n+49 30 555014"),
        ("Billing address", "Müller GmbH\nPostfach 7\nBerlin\nGermany"),
        ("Shipping method", "express"),
        ("External reference", "WEB-2231"),
        ("Note", "Leave it with the neighbour.\nThe bell is broken."),
        ("Gift wrap", "red"),
        ("campaign", "spring"),
    }
    expect(rows(page).locator("th")).to_have_text(f"#{placed['number']}WEB-2231 · {placed['id'][-8:]}")


def test_given_one_address_for_both_when_opened_then_it_is_shown_once(
    visits: Open, stack: Stack, client: Client
) -> None:
    address = {"line1": "27 Elm Street", "city": "Madison", "region": "WI", "postal_code": "53703", "country": "US"}
    placed = order(client, "c-one", shipping_address=address, billing_address=address)
    page = open_console(visits(locale="fr-FR"), stack, "c-one", view=f"order={placed['id']}")
    expect(pane(page).get_by_role("heading", name="Timeline")).to_be_visible()
    assert facts(pane(page)) >= {
        ("Shipping address", "27 Elm Street\nMadison, WI 53703\nÉtats-Unis"),
        ("Billing address", "The same address"),
    }


def test_given_erased_personal_data_when_opened_then_the_order_says_when(
    visits: Open, stack: Stack, client: Client
) -> None:
    placed = order(client, "c-erased", customer_name="Renée Müller", shipping_address=ADDRESS)
    with client("c-erased") as customer:
        customer.post(f"/v1/orders/{placed['id']}/cancel", json={}).raise_for_status()
        wait_for(customer, placed["id"], status="cancelled")
    with client("privacy", "orders:erase") as privacy:
        privacy.delete("/v1/customers/c-erased/personal-data").raise_for_status()
    page = open_console(visits(locale="en-US"), stack, "support", STAFF, view=f"order={placed['id']}")
    erased = re.compile(r"Personal dataErased [A-Z][a-z]{2} \d+, \d{4}, \d+:\d\d:\d\d")
    expect(pane(page).locator(".facts").first).to_contain_text(erased)
    expect(pane(page).locator(".timeline li").first).to_contain_text("Personal data erased")
    expect(pane(page)).not_to_contain_text("Shipping address")
    expect(pane(page)).not_to_contain_text("Renée")


def test_given_an_open_order_when_the_filter_changes_then_closing_keeps_the_filter(
    visit: Visit, stack: Stack, client: Client
) -> None:
    placed = order(client, "c-stays")
    page = open_console(visit, stack, "support", STAFF, view=f"order={placed['id']}")
    pane(page).get_by_role("button", name="Customer c-stays").click()
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Sort").select_option("Oldest first")
    pane(page).get_by_role("button", name="Close").click()
    expect(pane(page)).to_be_hidden()
    assert address(page) == "customer_id=c-stays&sort_by=created_at"
    page.get_by_role("button", name="Customer c-stays").click()
    expect(page.get_by_role("button", name="Customer c-stays")).to_be_hidden()


def test_given_an_unchanged_order_when_polled_then_304_without_a_body(
    visit: Visit, stack: Stack, client: Client
) -> None:
    placed = ready_order(client, "c-same")
    visit.page.clock.install()
    page = open_console(visit, stack, "c-same", view=f"order={placed['id']}")
    expect(pane(page).get_by_role("heading", name="Timeline")).to_be_visible()
    with page.expect_response(lambda response: placed["id"] in response.url) as answered:
        page.clock.run_for(POLL_MILLISECONDS)
    assert answered.value.status == 304
    with client("support", STAFF) as support:
        support.put(f"/v1/orders/{placed['id']}/status", json={"status": "shipped"})
    page.clock.run_for(POLL_MILLISECONDS)
    expect(page.locator(".toast")).to_contain_text("Shipped")
    expect(pane(page).locator(".pill")).to_have_text("Shipped")
    expect(rows(page).locator(".pill")).to_have_text("Shipped")


def test_given_a_customer_when_they_cancel_then_their_reason_is_stored(
    visit: Visit, stack: Stack, client: Client
) -> None:
    placed = ready_order(client, "c-cancel")
    page = open_console(visit, stack, "c-cancel", view=f"order={placed['id']}")
    shown = pane(page)
    expect(shown.get_by_role("button", name="Mark")).to_have_count(0)
    shown.get_by_role("button", name="Cancel order").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Changed my mind")
    dialog.get_by_role("button", name="Cancel order").click()
    expect(shown.locator(".timeline")).to_contain_text("Changed my mind")
    expect(shown.locator(".pill")).to_have_text("Cancelled")
    expect(shown.get_by_role("button", name="Cancel order")).to_be_hidden()


def test_given_support_when_they_update_an_order_then_only_the_next_step_is_offered(
    visit: Visit, stack: Stack, client: Client
) -> None:
    placed = ready_order(client, "c-moved")
    page = open_console(visit, stack, "support", STAFF, view=f"order={placed['id']}")
    shown, dialog = pane(page), page.get_by_role("dialog")
    for step, label, text in (
        ("Mark as shipped", "Tracking number", "TRACK-1"),
        ("Mark as delivered", "", ""),
        ("Mark as returned", "Reason", "Wrong colour"),
    ):
        shown.get_by_role("button", name=step).click()
        if label:
            dialog.get_by_label(label).fill(text)
        dialog.get_by_role("button", name=step).click()
        expect(shown.get_by_role("button", name=step)).to_be_hidden()
        expect(shown).to_contain_text(text)
    expect(shown.locator(".pill")).to_have_text("Returned")


def test_given_a_concurrent_change_when_cancelled_then_conflict_and_order_are_shown(
    visit: Visit, stack: Stack, client: Client
) -> None:
    page = cancelling_what_is_shipped(visit, stack, client, "c-conflict")
    page.get_by_role("dialog").get_by_role("button", name="Cancel order").click()
    expect(page.get_by_role("alert")).to_contain_text("Version mismatch")
    expect(pane(page).locator(".pill")).to_have_text("Shipped")


def test_given_a_shipped_order_when_cancelled_then_the_apis_error_is_shown(
    visit: Visit, stack: Stack, client: Client
) -> None:
    page = cancelling_what_is_shipped(visit, stack, client, "c-late")

    def any_version(route: Route) -> None:
        headers = {name: value for name, value in route.request.headers.items() if name != "if-match"}
        route.continue_(headers=headers)

    page.route("**/cancel", any_version)
    page.get_by_role("dialog").get_by_role("button", name="Cancel order").click()
    expect(page.get_by_role("alert")).to_contain_text("Order not cancellable")
    expect(pane(page).locator(".pill")).to_have_text("Shipped")


@pytest.fixture
def unpaid(services: httpx.Client, client: Client) -> Callable[..., dict[str, Any]]:
    """Place orders that stay unpaid, because the payment service does not answer."""
    services.put("/control/payment", json={"failure_rate": 1}).raise_for_status()
    return partial(order, client, shipping_address=ADDRESS, external_reference="WEB-1", note="Ring twice.")


def opened_editor(page: Page) -> Locator:
    pane(page).get_by_role("button", name="Edit", exact=True).click()
    return page.get_by_role("dialog", name="Edit order")


@pytest.mark.parametrize("scope", ["", "orders:read orders:ship"])
def test_given_an_unpaid_order_when_edited_then_it_and_its_timeline_say_so(
    visit: Visit, stack: Stack, unpaid: Callable[..., dict[str, Any]], scope: str
) -> None:
    placed = unpaid("c-edit")
    sent: list[Any] = []
    visit.page.on("request", lambda request: sent.append(request.post_data_json) if request.method == "PATCH" else None)
    page = open_console(visit, stack, "carrier" if scope else "c-edit", scope, view=f"order={placed['id']}")
    editor = opened_editor(page)
    editor.get_by_role("textbox", name="Company").fill("Müller GmbH")
    editor.get_by_role("textbox", name="Phone").fill("")
    editor.get_by_role("textbox", name="External reference").fill("WEB-2")
    editor.get_by_role("textbox", name="Note").fill("")
    page.keyboard.press("Escape")
    expect(editor.get_by_role("alert")).to_contain_text("Press Escape again")
    editor.get_by_role("button", name="Save").click()
    expect(editor).to_be_hidden()
    expect(page.locator(".toast")).to_have_text(f"Order #{placed['number']} saved")
    expect(pane(page).locator(".timeline li p").first).to_contain_text(
        "changed shipping address, external reference, note"
    )
    expect(pane(page).locator(".facts").nth(1)).to_contain_text("Müller GmbH")
    expect(pane(page).locator(".facts").nth(1)).not_to_contain_text("+49")
    expect(pane(page)).not_to_contain_text("Ring twice.")
    expect(rows(page).first).to_contain_text("WEB-2")
    address = {name: value for name, value in ADDRESS.items() if name != "phone"}
    changes = {"shipping_address": address | {"company": "Müller GmbH"}, "external_reference": "WEB-2", "note": None}
    assert sent == [changes]


@pytest.mark.parametrize("keeps", [True, False])
def test_given_a_concurrent_change_when_edited_then_one_of_both_is_chosen(
    visit: Visit, stack: Stack, client: Client, unpaid: Callable[..., dict[str, Any]], *, keeps: bool
) -> None:
    placed = unpaid("c-both")
    page = open_console(visit, stack, "support", STAFF, view=f"order={placed['id']}")
    editor = opened_editor(page)
    editor.get_by_role("textbox", name="Address line 1").fill("Torstraße 141")
    editor.get_by_role("textbox", name="Note").fill("Do not ring.")
    with client("c-both") as customer:
        changes = {"shipping_address": {**ADDRESS, "line1": "Torstraße 149"}, "external_reference": "WEB-9"}
        customer.patch(f"/v1/orders/{placed['id']}", json=changes).raise_for_status()
    save = editor.get_by_role("button", name="Save")
    save.click()
    expect(editor.get_by_role("alert")).to_contain_text("Somebody has changed the order")
    expect(editor.get_by_role("alert")).to_contain_text("Shipping address: compare")
    now = editor.get_by_role("group", name="The order says now")
    expect(now).to_have_count(1)
    expect(now).to_be_focused()
    expect(now).to_contain_text("Torstraße 149")
    expect(editor.get_by_role("textbox", name="Address line 1")).to_have_value("Torstraße 141")
    expect(editor.get_by_role("textbox", name="External reference")).to_have_value("WEB-9")
    if not keeps:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(editor.get_by_role("textbox", name="Address line 1")).to_have_value("Torstraße 149")
    save.click()
    expect(editor).to_be_hidden()
    with client("support", STAFF) as support:
        stored = support.get(f"/v1/orders/{placed['id']}").json()
    assert (stored["external_reference"], stored["note"]) == ("WEB-9", "Do not ring.")
    assert stored["shipping_address"]["line1"] == ("Torstraße 141" if keeps else "Torstraße 149")


def test_given_a_change_of_other_fields_when_edited_then_it_is_no_conflict(
    visit: Visit, stack: Stack, client: Client, unpaid: Callable[..., dict[str, Any]]
) -> None:
    placed = unpaid("c-merge")
    page = open_console(visit, stack, "support", STAFF, view=f"order={placed['id']}")
    editor = opened_editor(page)
    editor.get_by_role("textbox", name="Note").fill("Do not ring.")
    with client("c-merge") as customer:
        changes = {"external_reference": "WEB-9", "metadata": {"gift": "yes"}}
        customer.patch(f"/v1/orders/{placed['id']}", json=changes).raise_for_status()
    editor.get_by_role("button", name="Save").click()
    expect(editor).to_be_hidden()
    expect(pane(page)).to_contain_text("Do not ring.")
    expect(pane(page)).to_contain_text("WEB-9")


def test_given_a_parcel_that_is_made_meanwhile_when_edited_then_it_is_too_late(
    visit: Visit, stack: Stack, client: Client, services: httpx.Client, unpaid: Callable[..., dict[str, Any]]
) -> None:
    placed = unpaid("c-made")
    page = open_console(visit, stack, "c-made", view=f"order={placed['id']}")
    editor = opened_editor(page)
    editor.get_by_role("textbox", name="Note").fill("Do not ring.")
    services.put("/control/payment", json={"failure_rate": 0}).raise_for_status()
    with client("support", STAFF) as support:
        wait_for(support, placed["id"], shipping_status="ready")
    editor.get_by_role("button", name="Save").click()
    expect(editor.get_by_role("alert")).to_contain_text("The parcel is being made")
    editor.get_by_role("button", name="Back").click()
    expect(pane(page).get_by_role("button", name="Edit", exact=True)).to_have_count(0)


def test_given_invalid_fields_when_edited_then_they_have_their_errors(
    visit: Visit, stack: Stack, unpaid: Callable[..., dict[str, Any]]
) -> None:
    placed = unpaid("c-unfit")
    page = open_console(visit, stack, "c-unfit", view=f"order={placed['id']}")
    editor = opened_editor(page)
    editor.get_by_role("textbox", name="City").fill("")
    editor.get_by_role("button", name="Save").click()
    expect(editor.get_by_role("alert")).to_contain_text("Correct the marked fields.")
    expect(editor.get_by_role("textbox", name="City")).to_be_focused()
    expect(editor.get_by_role("textbox", name="City")).to_have_accessible_description("City is required.")


def test_given_somebody_elses_order_when_opened_then_it_is_not_found(
    visit: Visit, stack: Stack, client: Client
) -> None:
    placed = order(client, "c-owner")
    page = open_console(visit, stack, "c-stranger", view=f"order={placed['id']}")
    expect(pane(page).get_by_role("alert")).to_contain_text("There is no order")


def test_given_the_lifecycle_when_compared_then_the_console_offers_the_same_steps(visit: Visit) -> None:
    visit.page.goto("/console")
    base = (visit.page.locator("script").get_attribute("src") or "").rpartition("/")[0]
    offered = visit.page.evaluate(
        """async ([base, states]) => {
            const { isEditable, updatesOn } = await import(`${base}/actions.js`);
            const { STATUSES } = await import(`${base}/filters.js`);
            return [
                states.map(({ status }) => updatesOn(status).map((update) => update.status)),
                states.map(isEditable),
                STATUSES,
            ];
        }""",
        [base, [state._asdict() for state in STATES]],
    )
    reported = {Status.SHIPPED, Status.DELIVERED, Status.RETURNED}
    assert offered == [
        [[status for status in reportable(state)["status"] if status in reported] for state in STATES],
        [transition(Event.UPDATED, state) is not None for state in STATES],
        {
            "status": list(Status),
            "payment_status": list(PaymentStatus),
            "shipping_status": list(ShippingStatus),
        },
    ]


# A new order


def fill_line(page: Page, position: int, product: str, quantity: int, price: str = "") -> Locator:
    line = page.locator(".row").nth(position)
    line.get_by_label("Product").fill(product)
    line.get_by_label("Quantity").fill(str(quantity))
    line.get_by_label("Price").fill(price)
    return line


def test_given_short_or_repriced_products_when_ordered_then_their_lines_say_so(
    visit: Visit, stack: Stack, services: httpx.Client
) -> None:
    services.put("/inventory/products/PROD002", json={"quantity": 3}).raise_for_status()
    page = open_console(visit, stack, "c-new", view="new=yes")
    fill_line(page, 0, "SKU456", 1, "49.00")
    page.get_by_role("button", name="Add line").click()
    short = fill_line(page, 1, "PROD002", 5)
    place = page.get_by_role("button", name="Place order")
    place.click()
    expect(short).to_contain_text("3 of 5 available")
    short.get_by_role("button", name="Order 3").click()
    place.click()
    changed = page.locator(".row").first
    expect(changed).to_contain_text("The price is now $50.00")
    changed.get_by_role("button", name="Accept price").click()
    place.click()
    expect(pane(page).locator(".sum")).to_contain_text("$139.97")
    expect(rows(page)).to_have_count(1)


def test_given_a_lost_answer_when_the_form_is_sent_again_then_there_is_one_order(
    visit: Visit, stack: Stack, client: Client
) -> None:
    page = open_console(visit, stack, "c-lost", view="new=yes")
    fill_line(page, 0, "SKU456", 1)

    def lose_answer(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/orders", lose_answer, times=1)
    place = page.get_by_role("button", name="Place order")
    place.click()
    expect(pane(page).get_by_role("alert")).to_contain_text("No connection")
    place.click()
    expect(pane(page).get_by_role("heading", name="Timeline")).to_be_visible()
    with client("c-lost") as customer:
        assert customer.get("/v1/orders").json()["count"] == 1


def test_given_a_cart_when_ordered_then_the_order_has_its_lines(
    visit: Visit, stack: Stack, services: httpx.Client
) -> None:
    cart = {"items": [{"product_id": "10", "quantity": 2}]}
    services.put("/cart/carts/c-cart", json=cart).raise_for_status()
    page = open_console(visit, stack, "c-cart", view="new=yes")
    page.get_by_label("My cart").check()
    expect(page.get_by_label("Quantity")).to_be_hidden()
    page.get_by_role("button", name="Place order").click()
    expect(pane(page).locator(".lines tbody")).to_contain_text("10")
    expect(pane(page).locator(".sum")).to_contain_text("$9.00")


def test_given_support_when_an_order_is_entered_then_the_customer_is_required(
    visit: Visit, stack: Stack, client: Client
) -> None:
    page = visit.page
    page.goto("/console#new=yes")
    page.get_by_label("Token").fill(stack.token("agent", STAFF))
    page.get_by_role("button", name="Sign in").click()
    customer = page.get_by_role("textbox", name="Customer", exact=True)
    expect(customer).to_have_value("")
    expect(customer).to_have_attribute("required", "")
    fill_line(page, 0, "SKU456", 1)
    place = page.get_by_role("button", name="Place order")
    place.click()
    expect(customer).to_be_focused()
    expect(customer).to_have_accessible_description("Customer id is required.")
    customer.fill("c-for")
    place.click()
    expect(pane(page).locator(".customer")).to_contain_text("Customer c-for")
    with client("agent") as agent:
        assert agent.get("/v1/orders").json()["orders"] == []


def test_given_a_customer_when_an_order_is_entered_then_it_is_their_own(visit: Visit, stack: Stack) -> None:
    page = open_console(visit, stack, "c-self", view="new=yes")
    fill_line(page, 0, "SKU456", 1)
    expect(page.get_by_role("textbox", name="Customer", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Place order").click()
    expect(pane(page).locator(".customer")).to_have_text("Customer c-self")


def test_given_invalid_fields_when_sent_then_each_has_its_error_in_a_sentence(visit: Visit, stack: Stack) -> None:
    page = open_console(visit, stack, "c-invalid", view="new=yes")
    fill_line(page, 0, "SKU456", 1)
    page.get_by_role("button", name="Add line").click()
    line = fill_line(page, 1, "SKU 1", 0, "1e3")
    pane(page).get_by_label("E-mail").fill("nobody")
    page.get_by_role("button", name="Place order").click()
    expect(pane(page).get_by_role("alert")).to_contain_text("Correct the marked fields.")
    expect(page.locator(".row .error").first).to_be_empty()
    expect(line.locator(".error")).to_have_text(
        "Product id must be 1 to 64 letters, digits and ._~@:+-, starting with a letter or digit. "
        "Quantity must be at least 1. Unit price must be a decimal number such as 79.99."
    )
    expect(line.get_by_label("Product")).to_be_focused()
    email = pane(page).get_by_label("E-mail")
    expect(email).to_have_accessible_description("Customer email must be an e-mail address.")
    for remove in page.get_by_role("button", name="Remove line").all()[::-1]:
        remove.click()
    pane(page).get_by_label("E-mail").fill("")
    page.get_by_role("button", name="Place order").click()
    expect(pane(page).get_by_role("alert")).to_contain_text("Items must not be empty.")


def test_given_a_cart_that_cannot_be_ordered_when_sent_then_the_alert_says_why(
    visit: Visit, stack: Stack, services: httpx.Client
) -> None:
    cart = {"items": [{"product_id": "no product", "quantity": 1}]}
    services.put("/cart/carts/c-badcart", json=cart).raise_for_status()
    page = open_console(visit, stack, "c-badcart", view="new=yes")
    page.get_by_label("My cart").check()
    page.get_by_role("button", name="Place order").click()
    expect(pane(page).get_by_role("alert")).to_contain_text("Product id must be 1 to 64 letters")


def fill_address(place: Locator) -> None:
    """Enter `ADDRESS`, with the name of its country."""
    for label, name in (
        ("Name", "name"),
        ("Address line 1", "line1"),
        ("Address line 2", "line2"),
        ("Postal code", "postal_code"),
        ("City", "city"),
        ("Phone", "phone"),
    ):
        place.get_by_role("textbox", name=label).fill(ADDRESS[name])
    place.get_by_role("combobox", name="Country").select_option("Germany")


def test_given_an_address_note_and_postage_when_ordered_then_they_are_stored(
    visits: Open, stack: Stack, client: Client
) -> None:
    page = open_console(visits(locale="en-US"), stack, "agent", STAFF, view="new=yes")
    page.get_by_role("textbox", name="Customer", exact=True).fill("c-all")
    fill_line(page, 0, "SKU456", 1)
    for position, (kind, description, amount) in enumerate((("Shipping", "Express", "14.90"), ("Discount", "", "-5"))):
        page.get_by_role("button", name="Add postage, tax, discount or fee").click()
        adjustment = page.get_by_role("group", name="Adjustment").nth(position)
        expect(adjustment.get_by_label("Description")).to_be_focused()
        page.keyboard.type(description)
        adjustment.get_by_label("Kind").select_option(kind)
        adjustment.get_by_label("Amount").fill(amount)
    page.get_by_text("Shipping address").click()
    fill_address(page.get_by_role("group", name="Shipping address"))
    page.get_by_text("Shipping method, reference, note").click()
    page.get_by_label("Shipping method", exact=True).fill("express")
    page.get_by_label("External reference").fill("TEL-17")
    page.get_by_role("textbox", name="Note").fill("Ring twice.\nThank you.")
    page.get_by_role("button", name="Place order").click()
    expect(pane(page).locator(".sum")).to_contain_text("$59.90")
    identity = pane(page).locator(".facts code").inner_text()
    with client("support", STAFF) as support:
        placed = support.get(f"/v1/orders/{identity}").json()
    words = ("shipping_method", "external_reference", "note")
    assert placed["shipping_address"] == ADDRESS
    assert [placed[name] for name in words] == ["express", "TEL-17", "Ring twice.\nThank you."]
    assert placed["adjustments"] == [
        {"kind": "shipping", "amount": "14.90", "description": "Express"},
        {"kind": "discount", "amount": "-5.00", "description": None},
    ]


def test_given_a_cart_with_an_address_when_ordered_then_what_is_entered_replaces_it(
    visit: Visit, stack: Stack, services: httpx.Client
) -> None:
    elsewhere = {"line1": "27 Elm Street", "city": "Madison", "country": "US"}
    cart = {
        "items": [{"product_id": "10", "quantity": 2}],
        "shipping_address": elsewhere,
        "shipping_method": "standard",
    }
    services.put("/cart/carts/c-moves", json=cart).raise_for_status()
    page = open_console(visit, stack, "c-moves", view="new=yes")
    page.get_by_label("My cart").check()
    page.get_by_text("Shipping address").click()
    fill_address(page.get_by_role("group", name="Shipping address"))
    page.get_by_role("button", name="Place order").click()
    expect(pane(page).locator(".facts").filter(has_text="Shipping address")).to_contain_text("Torstraße 140")
    expect(pane(page).locator(".facts").first).to_contain_text("standard")


def test_given_an_incomplete_address_when_sent_then_its_fields_say_so(visit: Visit, stack: Stack) -> None:
    page = open_console(visit, stack, "agent", STAFF, view="new=yes")
    page.get_by_role("textbox", name="Customer", exact=True).fill("c-half")
    fill_line(page, 0, "SKU456", 1)
    page.get_by_role("button", name="Add postage").click()
    adjustment = page.get_by_role("group", name="Adjustment")
    adjustment.get_by_label("Kind").select_option("Discount")
    adjustment.get_by_label("Amount").fill("5")
    section = page.locator("details").first
    section.locator("summary").click()
    section.get_by_role("textbox", name="Postal code").fill("53703")
    section.locator("summary").click()
    page.get_by_role("button", name="Place order").click()
    expect(section.get_by_role("textbox", name="Address line 1")).to_have_accessible_description(
        "Address line 1 is required."
    )
    expect(section.get_by_role("textbox", name="City")).to_have_accessible_description("City is required.")
    expect(section.get_by_role("combobox", name="Country")).to_have_accessible_description("Country is required.")
    expect(section.get_by_role("textbox", name="Company")).to_have_accessible_description("")
    expect(adjustment.locator(".error")).to_have_text("A discount must have an amount of 0 or less.")


def test_given_the_countries_when_compared_then_the_console_offers_the_same(visit: Visit) -> None:
    visit.page.goto("/console")
    base = (visit.page.locator("script").get_attribute("src") or "").rpartition("/")[0]
    offered = visit.page.evaluate("async (base) => (await import(`${base}/postal-address.js`)).COUNTRIES", base)
    assert offered == list(COUNTRIES)


def test_given_a_form_when_it_is_left_then_what_was_entered_is_kept(visit: Visit, stack: Stack, client: Client) -> None:
    order(client, "c-draft")
    page = open_console(visit, stack, "agent", STAFF, view="customer_id=c-draft&new=yes")
    customer = page.get_by_role("textbox", name="Customer", exact=True)
    customer.fill("c-draft")
    fill_line(page, 0, "SKU456", 7)
    page.keyboard.press("Escape")
    expect(pane(page)).to_be_hidden()
    expect(page.locator(".toast")).to_contain_text("New order keeps what you entered")
    expect(page.get_by_role("link", name="New order")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("spinbutton", name="Quantity")).to_have_value("7")
    rows(page).get_by_role("link").click()
    expect(pane(page).get_by_role("heading", name="Timeline")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("spinbutton", name="Quantity")).to_have_value("7")
    expect(customer).to_have_value("c-draft")
    page.get_by_role("button", name="Clear", exact=True).last.click()
    expect(page.get_by_role("spinbutton", name="Quantity")).to_have_value("1")
    expect(customer).to_have_value("")
    fill_line(page, 0, "SKU456", 1)
    customer.fill("c-draft")
    page.get_by_role("button", name="Place order").click()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("link", name="New order").click()
    expect(customer).to_have_value("")


# What must never happen


def test_given_markup_in_every_text_when_shown_then_it_is_escaped(visit: Visit, stack: Stack, client: Client) -> None:
    email = f"{MARKUP.replace(' ', '/')}@example.com"
    address = dict.fromkeys(("name", "company", "line1", "line2", "city", "region", "phone"), MARKUP)
    address |= {"postal_code": "<b>53703</b>", "phone": "<b>555</b>", "country": "US"}
    texts: dict[str, Any] = {
        "customer_name": MARKUP,
        "customer_email": email,
        "items": [{"product_id": "SKU456", "quantity": 1, "name": MARKUP}],
        "adjustments": [{"kind": "fee", "amount": "1.00", "description": MARKUP}],
        "shipping_address": address,
        "billing_address": {**address, "company": f"{MARKUP} Ltd"},
        **dict.fromkeys(("shipping_method", "external_reference", "note"), MARKUP),
        "metadata": {MARKUP[:40]: MARKUP},
    }
    moved = ready_order(client, "c-xss", **texts)
    placed = order(client, "c-xss", **texts)
    with client("support", STAFF) as support:
        report = {"status": "shipped", "tracking_number": MARKUP, "reason": MARKUP}
        assert support.put(f"/v1/orders/{moved['id']}/status", json=report).status_code == 200
        assert support.post(f"/v1/orders/{placed['id']}/cancel", json={"reason": MARKUP}).status_code == 200
    alerts: list[str] = []
    page = visit.page
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    secret = (stack.layout.state / "jwt-secret").read_text().strip()
    claims = {"sub": "support", "scope": f"{STAFF} {MARKUP}", "exp": int(time.time()) + 3600}
    page.goto(f"/console#token={jwt.encode(claims, secret, 'HS256')}&customer_id=c-xss&order={moved['id']}")
    expect(pane(page).locator(".facts")).to_contain_text([MARKUP, MARKUP, MARKUP])
    expect(pane(page).locator(".lines tbody")).to_contain_text(MARKUP)
    expect(pane(page).locator(".lines tfoot")).to_contain_text(MARKUP)
    expect(pane(page).locator(".timeline")).to_contain_text(MARKUP)
    expect(pane(page).locator(".customer")).to_contain_text(email)
    expect(rows(page).first).to_contain_text(MARKUP)
    rows(page).filter(has_text=placed["id"][-8:]).get_by_role("link").click()
    expect(pane(page).locator(".facts").first).to_contain_text(MARKUP)
    for parameter in ("q", "status", "customer_id", "created_from", "sort_by", "order", "product_id", "token"):
        page.evaluate("(hash) => { location.hash = hash; }", str(httpx.QueryParams({parameter: MARKUP})))
        expect(page.locator(".alert, .state, .toast, .orders").first).to_be_visible()
    assert page.locator("img[src=x], script:not([src])").count() == 0
    assert alerts == []


def test_given_the_page_when_script_or_markup_is_injected_then_it_is_blocked(visit: Visit) -> None:
    visit.page.goto("/console")
    refused = """() => { try { document.body.innerHTML = "<b>x</b>"; return false; } catch { return true; } }"""
    assert visit.page.evaluate(refused)
