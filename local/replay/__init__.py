"""Real invoices, sent through a running stack's HTTP API as orders and cancellations, and then checked one by one."""
