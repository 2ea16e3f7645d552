"""A browser, with which a test opens pages of the stack."""

import shutil

import httpx
import pytest
from playwright.sync_api import Page, expect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is missing: install it with the system's packages"
)

expect.set_options(timeout=60_000)  # functions that start while others are busy take a while


class Visit:
    """A page, its errors, and the hosts that it calls."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.hosts.add(httpx.URL(request.url).netloc.decode() or "data"))
