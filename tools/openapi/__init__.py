"""The API's OpenAPI document, generated from the types, routes and errors that the code uses."""

OPENAPI_FILE = "functions/docs/openapi.json"
POSTMAN_FILE = "functions/docs/postman.json"
"""A Postman collection; edited by hand, and checked against the document by tests."""
