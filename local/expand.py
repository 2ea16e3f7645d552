"""Expand loops in templates, for tools that do not support them: `python -m local.expand FOLDER template.yaml …`."""

import json
import sys
from pathlib import Path

from local import template


def main() -> None:
    """Write each template as JSON into the folder, under its own name."""
    folder, *paths = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        (folder / path.with_suffix(".json").name).write_text(json.dumps(template.read(path), indent=2))


if __name__ == "__main__":
    main()
