"""Swagger UI as a web page that loads nothing from other origins; its scripts and styles come with Powertools."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from string import Template

import aws_lambda_powertools

from orders.http.static_files import StaticFile, asset, page

_OURS = Path(__file__).parent
_POWERTOOLS = Path(aws_lambda_powertools.__file__).parent / "event_handler" / "openapi" / "swagger_ui"


class SwaggerUi:
    """The page and its assets, each read from disk at its first use.

    Args:
        address: the path of the assets' folder.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    @cached_property
    def page(self) -> StaticFile:
        """The page."""
        stylesheet, bundle, start = (f"{self._address}/{name}" for name in self.assets)
        html = Template((_OURS / "index.html").read_text()).substitute(
            stylesheet=stylesheet, bundle=bundle, start=start
        )
        # The style sheet of Swagger UI contains its icons as data URLs.
        return page(html, {"img-src": "'self' data:"})

    @cached_property
    def assets(self) -> Mapping[str, StaticFile]:
        """The style sheet, the bundle and the start script, by names that change with their contents."""
        files = {
            "swagger-ui.{}.css": asset(_POWERTOOLS / "swagger-ui.min.css"),
            "swagger-ui.{}.js": asset(_POWERTOOLS / "swagger-ui-bundle.min.js"),
            "start.{}.js": asset(_OURS / "start.js"),
        }
        return {name.format(file.version): file for name, file in files.items()}
