"""Send real invoices to a running stack as orders and cancellations, then check what is stored."""
