"""Load on the running stack: `make load`."""
