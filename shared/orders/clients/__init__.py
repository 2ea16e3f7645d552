"""The downstream services: one small class each, over one shared HTTP session."""
