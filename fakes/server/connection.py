"""An HTTP connection that the application can close without answering."""

import asyncio
from typing import override

from uvicorn.protocols.http.h11_impl import H11Protocol

HANG_UP = "hang_up"
"""The name, in an ASGI scope's `state`, of the function that closes the connection at once."""


class HangUpProtocol(H11Protocol):
    """Uvicorn's HTTP protocol, which also hands each request the means to close its connection."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, HANG_UP: self._hang_up}

    def _hang_up(self) -> None:
        self.cycle.disconnected = True  # Uvicorn expects no answer any more, as if the client had gone.
        self.transport.abort()
