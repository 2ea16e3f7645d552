"""The console: a web page that shows orders and works on them, through the API and with the reader's token."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template

from aws_lambda_powertools.event_handler import Response

from orders.domain import errors
from orders.http import static_files as files
from orders.http.api import Api
from orders.http.static_files import StaticFile

PAGE = Path(__file__).parent / "page"

app = Api()


@app.get("/console")
def console() -> Response[str]:
    """The console, a web page to see orders and to work on them."""
    return page().answer(app.current_event.headers)


@app.get("/console/<version>/<asset>")
def console_asset(version: str, asset: str) -> Response[str]:
    """A script, style or picture of the console."""
    file = assets().get(asset)
    if file is None or version != current_version():
        raise errors.RouteNotFound(f"There is no file /console/{version}/{asset}; load /console again.")
    return file.answer(app.current_event.headers)


@cache
def page() -> StaticFile:
    """The page, which names the address of its assets."""
    html = Template((PAGE / "index.html").read_text()).substitute(assets=f"/console/{current_version()}")
    return files.page(html, {"require-trusted-types-for": "'script'"})


@cache
def assets() -> Mapping[str, StaticFile]:
    """What the page loads, by name."""
    return {path.name: files.asset(path) for path in sorted(PAGE.iterdir()) if path.suffix != ".html"}


@cache
def current_version() -> str:
    """A fingerprint of all assets together: modules name each other, so that all of them move when one changes."""
    fingerprints = "".join(f"{name} {file.version}\n" for name, file in assets().items())
    return hashlib.sha256(fingerprints.encode()).hexdigest()[:16]


handler = app.handler
