"""The API described: an OpenAPI document and a Postman collection, made from the objects that the code itself uses."""

OPENAPI_FILE = "functions/docs/openapi.json"
POSTMAN_FILE = "functions/docs/postman.json"
