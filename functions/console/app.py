"""The console: a web page to view and change orders, through the API and with the user's token."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template

from aws_lambda_powertools.event_handler import Response

from orders.domain import errors
from orders.domain.quoting import quoted
from orders.http import static_files
from orders.http.api import Api
from orders.http.static_files import StaticFile

PAGE = Path(__file__).parent / "page"

app = Api()


@app.get("/console")
def console() -> Response[str]:
    """Get the console's page."""
    return page().answer(app.current_event.headers)


@app.get("/console/<version>/<asset>")
def console_asset(version: str, asset: str) -> Response[str]:
    """Get a script, style or image of the console."""
    file = assets().get(asset)
    if file is None or version != current_version():
        raise errors.RouteNotFound(f"There is no file {quoted(asset)} of version {quoted(version)}; reload /console.")
    return file.answer(app.current_event.headers)


@cache
def page() -> StaticFile:
    """Read the page, which contains the path of its assets."""
    html = Template((PAGE / "index.html").read_text()).substitute(assets=f"/console/{current_version()}")
    return static_files.page(html, {"require-trusted-types-for": "'script'"})


@cache
def assets() -> Mapping[str, StaticFile]:
    """Read the page's assets, by name."""
    return {path.name: static_files.asset(path) for path in sorted(PAGE.iterdir()) if path.suffix != ".html"}


@cache
def current_version() -> str:
    """Return a hash of all assets: modules import each other, so all paths change when one asset changes."""
    versions = "".join(f"{name} {file.version}\n" for name, file in assets().items())
    return hashlib.sha256(versions.encode()).hexdigest()[:16]


handler = app.handler
