"""Stand-ins for the services that orders depend on: inventory, cart, payment, shipping and notification.

One process serves all five over HTTP, each under its own prefix, and `/control` makes them slow, failing or silent.
"""
