"""The relay function, invoked by hand through Lambda's API."""

import json
from typing import Any

from local import deployed, emulator
from local.errors import LocalError
from local.layout import Layout


class Relay:
    """Invokes the stack's relay.

    Args:
        layout: The stack; its MiniStack runs.
    """

    def __init__(self, layout: Layout) -> None:
        self._name = deployed.choose_function(deployed.function_names(layout), "relay_outbox")
        self._client = emulator.client("lambda", layout.emulator_url)

    def run(self) -> None:
        """Has it send what was forgotten, as it does each minute anyway."""
        self._invoke({})

    def redrive(self) -> int:
        """Has it send all failed tasks back; returns how many."""
        count: int = self._invoke({"failed": "redrive"})["redriven"]
        return count

    def _invoke(self, event: dict[str, str]) -> Any:  # noqa: ANN401 - JSON of any kind
        answer = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event).encode())
        content = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise LocalError(f"The relay failed, `make logs FUNCTION=relay_outbox` tells why: {content}")
        return content
