"""Orders, their lifecycle and their rules: no I/O, no environment."""
