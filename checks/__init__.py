"""The invariants of orders, stock, money, outbox and events, as pure functions over what the parties have stored.

The simulation, `make chaos` and `make replay` each collect the evidence and ask `checks.violations`.
"""
