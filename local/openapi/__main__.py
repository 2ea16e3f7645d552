"""Write down the API's descriptions, where the function that serves them has them: `make openapi`."""

import json

from local.layout import ROOT
from local.openapi import OPENAPI_FILE, POSTMAN_FILE, document, postman


def main() -> None:
    """Write both files."""
    described = document.build(ROOT)
    for name, content in ((OPENAPI_FILE, described), (POSTMAN_FILE, postman.build(described))):
        (ROOT / name).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
