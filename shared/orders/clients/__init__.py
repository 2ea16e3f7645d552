"""The downstream services: a client class for each, over one shared HTTP session."""
