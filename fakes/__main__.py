"""Start the fakes: `python -m fakes --port 9000 --state fakes.sqlite`."""

import argparse
import signal
import sys
from pathlib import Path

import uvicorn

from fakes.server.app import create_app
from fakes.server.connection import HangUpProtocol

KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 1


def main() -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m fakes", description="Run the fakes.")
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    parser.add_argument("--state", type=Path, required=True, help="SQLite file; filled with demo data when it is new")
    arguments = parser.parse_args()
    # Uvicorn shuts down in order and then raises the signal again: this turns it into an ordinary end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        create_app(arguments.state),
        host="127.0.0.1",
        port=arguments.port,
        http=HangUpProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


if __name__ == "__main__":
    main()
