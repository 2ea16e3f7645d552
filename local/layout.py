"""Where a stack keeps its files and which ports it takes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_PORT = 8001
DEFAULT_STATE = Path(".local")
GATEWAY = "gateway"
SERVICES = "stand-in services"
EMULATOR = "MiniStack"
POSTGRES = "PostgreSQL"


@dataclass(frozen=True)
class Layout:
    """One stack's place on this machine; two stacks with other folders and ports live side by side.

    Attributes:
        root: The project's folder, which holds `template.yaml`.
        state: The folder for everything the stack writes.
        port: The API's TCP port; the next three belong to the stack as well.
    """

    root: Path
    state: Path
    port: int

    @classmethod
    def find(cls, root: Path, state: Path = DEFAULT_STATE, port: int | None = None) -> Self:
        """Returns the layout for a state folder, on the port it runs on when none is given."""
        state = (root / state).resolve()
        return cls(root=root, state=state, port=port or _recorded_port(state) or DEFAULT_PORT)

    @property
    def url(self) -> str:
        """Where the API answers."""
        return f"http://localhost:{self.port}"

    @property
    def services_port(self) -> int:
        """TCP port of the stand-in services."""
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
        """Where the stand-in services answer."""
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
        """The file that says on which ports the stack runs."""
        return self.state / "stack.json"

    def log(self, name: str) -> Path:
        """Returns the log file of one program."""
        return self.state / "logs" / f"{name}.log"

    def save(self) -> None:
        """Records the ports, so that later commands find the stack, and hides the folder from git."""
        (self.state / ".gitignore").write_text("*\n")
        self.record.write_text(json.dumps({"port": self.port, "ports": self.ports}, indent=2) + "\n")


def _recorded_port(state: Path) -> int | None:
    try:
        return int(json.loads((state / "stack.json").read_text())["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
