"""The documents of the API and its events, generated from types, routes, errors and the table of the lifecycle."""

OPENAPI_FILE = "functions/docs/openapi.json"
POSTMAN_FILE = "functions/docs/postman.json"
"""A Postman collection; edited by hand, and checked against the document by tests."""
EVENTS_FOLDER = "docs/events"
"""JSON Schemas of the types of events."""
EVENTS_FILE = "docs/events.md"
"""The documentation of events; the table of types in it is generated."""
