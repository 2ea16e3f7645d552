"""Write the OpenAPI document for the function that serves it: `make openapi`."""

import json

from local.layout import ROOT
from tools.openapi import OPENAPI_FILE, document

if __name__ == "__main__":
    (ROOT / OPENAPI_FILE).write_text(json.dumps(document.build(ROOT), indent=2, ensure_ascii=False) + "\n")
