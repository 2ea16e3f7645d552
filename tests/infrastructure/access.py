"""Which functions write to the database, and which only read."""

WRITES = {"cancel_order", "create_order", "process_task", "relay_outbox", "update_order_status"}
READS = {"get_order", "health", "list_customer_orders", "list_orders", "metrics"}
