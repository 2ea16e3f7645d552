"""The application that serves all stand-in services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from fastapi import FastAPI

from local.services import cart, control, demo, inventory, notification, payment, shipping
from local.services.calls import Calls
from local.services.database import Database
from local.services.interference import Interference
from local.services.knobs import Knobs
from local.services.problems import handle_problems


def create_app(state: Path) -> FastAPI:
    """Make the application, to be served by Uvicorn with `HangUpProtocol`.

    Args:
        state: The SQLite file that keeps the services' state; a new one is filled with the demo state.
    """
    knobs = Knobs()
    calls = Calls()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, object]]:
        with closing(Database(state)) as database:
            if database.is_new:
                with database.transaction() as connection:
                    demo.build(connection)
            yield {"database": database, "knobs": knobs, "calls": calls}

    app = FastAPI(title="Stand-in services", version="1", lifespan=lifespan, redirect_slashes=False)
    app.add_middleware(Interference, knobs=knobs, calls=calls)
    handle_problems(app)
    for service in (inventory, cart, payment, shipping, notification, control):
        app.include_router(service.router)
    app.add_api_route("/health", _health, tags=["health"])
    return app


async def _health() -> dict[str, str]:
    """Tell that the services are up."""
    return {"status": "ok"}
