"""The files and ports of a stack."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8001
DEFAULT_STATE = Path(".local")
GATEWAY = "gateway"
SERVICES = "fake services"
EMULATOR = "MiniStack"
POSTGRES = "PostgreSQL"


@dataclass(frozen=True)
class Layout:
    """The folders and ports of a stack. Stacks with different folders and ports can run at the same time.

    Attributes:
        root: The project's folder, which contains `template.yaml`.
        state: The folder for everything the stack writes.
        port: The API's TCP port; the stack also uses the next three.
    """

    root: Path
    state: Path
    port: int

    @classmethod
    def find(cls, root: Path, state: Path = DEFAULT_STATE, port: int | None = None) -> Self:
        """Return the layout of a state folder; by default on the port that its stack runs on."""
        state = (root / state).resolve()
        return cls(root=root, state=state, port=port or _recorded_port(state) or DEFAULT_PORT)

    @property
    def url(self) -> str:
        """The URL of the API."""
        return f"http://localhost:{self.port}"

    @property
    def services_port(self) -> int:
        """TCP port of the fake services."""
        return self.port + 1

    @property
    def emulator_port(self) -> int:
        """TCP port of MiniStack."""
        return self.port + 2

    @property
    def database_port(self) -> int:
        """TCP port of PostgreSQL."""
        return self.port + 3

    @property
    def ports(self) -> dict[str, int]:
        """The TCP port of each part, by the part's name."""
        return {
            GATEWAY: self.port,
            SERVICES: self.services_port,
            EMULATOR: self.emulator_port,
            POSTGRES: self.database_port,
        }

    @property
    def services_url(self) -> str:
        """The URL of the fake services."""
        return f"http://127.0.0.1:{self.services_port}"

    @property
    def emulator_url(self) -> str:
        """MiniStack's endpoint, for every AWS service."""
        return f"http://127.0.0.1:{self.emulator_port}"

    @property
    def template(self) -> Path:
        """The SAM template."""
        return self.root / "template.yaml"

    @property
    def build(self) -> Path:
        """Working folder of `sam build`."""
        return self.state / "build"

    @property
    def record(self) -> Path:
        """The file that records the ports of the stack."""
        return self.state / "stack.json"

    def log(self, name: str) -> Path:
        """Return the log file of a program."""
        return self.state / "logs" / f"{name}.log"

    def save(self) -> None:
        """Record the ports for later commands."""
        self.record.write_text(json.dumps({"port": self.port, "ports": self.ports}, indent=2) + "\n")


def _recorded_port(state: Path) -> int | None:
    try:
        return int(json.loads((state / "stack.json").read_text())["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
