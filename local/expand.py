"""Expand loops in templates, for tools that do not support them: `python -m local.expand FOLDER template.yaml …`."""

import json
import sys
from pathlib import Path

from local import template


def main() -> None:
    """Write each template as JSON into the folder, under its own path."""
    folder, *paths = map(Path, sys.argv[1:])
    for path in paths:
        expanded = folder / path.with_suffix(".json")
        expanded.parent.mkdir(parents=True, exist_ok=True)
        expanded.write_text(json.dumps(template.read(path), indent=2))


if __name__ == "__main__":
    main()
