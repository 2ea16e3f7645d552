"""Fakes of the services that orders depend on: inventory, cart, payment, shipping and notification.

Each is a plain class that keeps its records in mappings. The simulation calls the classes directly; for the local cloud
`fakes.server` serves them over HTTP, keeps their records in a file and injects faults.
"""
