"""The service measured beside the same API in common frameworks: `make bench`, `make load`."""
