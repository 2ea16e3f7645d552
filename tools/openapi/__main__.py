"""Write the OpenAPI document for the function that serves it, and the files about events: `make openapi`."""

import json

from local.layout import ROOT
from tools.openapi import EVENTS_FOLDER, OPENAPI_FILE, document, event_files

if __name__ == "__main__":
    built = document.build(ROOT)
    files = {OPENAPI_FILE: json.dumps(built, indent=2, ensure_ascii=False) + "\n", **event_files.contents(ROOT, built)}
    for outdated in {*(ROOT / EVENTS_FOLDER).glob("*.json")} - {ROOT / path for path in files}:
        outdated.unlink()
    for path, text in files.items():
        (ROOT / path).write_text(text)
