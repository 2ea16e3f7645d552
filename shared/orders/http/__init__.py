"""The HTTP edge: routes, problem details, conditional requests, static files."""
