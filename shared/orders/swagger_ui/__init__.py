"""Swagger UI as a web page that loads nothing from elsewhere; its scripts and styles come with Powertools."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from string import Template

import aws_lambda_powertools

from orders.files import StaticFile

_OURS = Path(__file__).parent
_POWERTOOLS = Path(aws_lambda_powertools.__file__).parent / "event_handler" / "openapi" / "swagger_ui"

_SCRIPT = "text/javascript; charset=utf-8"
_STYLE = "text/css; charset=utf-8"
_FOR_GOOD = "public, max-age=31536000, immutable"
_ALWAYS_ASK = "no-cache"
# Swagger UI has its icons in its style sheet, as data.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {"Content-Security-Policy": _CONTENT_SECURITY_POLICY, "Referrer-Policy": "no-referrer"}


class SwaggerUi:
    """The page and what it loads, each read when it is first asked for.

    Args:
        address: the path under which the assets are found.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    @cached_property
    def page(self) -> StaticFile:
        """The page."""
        stylesheet, bundle, start = (f"{self._address}/{name}" for name in self.assets)
        page = Template((_OURS / "index.html").read_text())
        content = page.substitute(stylesheet=stylesheet, bundle=bundle, start=start)
        return StaticFile(content.encode(), "text/html; charset=utf-8", _ALWAYS_ASK, _PAGE_HEADERS)

    @cached_property
    def assets(self) -> Mapping[str, StaticFile]:
        """What the page loads: the style sheet, the bundle and the start, by names that change with the contents."""
        files = {
            "swagger-ui.{}.css": StaticFile((_POWERTOOLS / "swagger-ui.min.css").read_bytes(), _STYLE, _FOR_GOOD),
            "swagger-ui.{}.js": StaticFile((_POWERTOOLS / "swagger-ui-bundle.min.js").read_bytes(), _SCRIPT, _FOR_GOOD),
            "start.{}.js": StaticFile((_OURS / "start.js").read_bytes(), _SCRIPT, _FOR_GOOD),
        }
        return {name.format(file.version): file for name, file in files.items()}
