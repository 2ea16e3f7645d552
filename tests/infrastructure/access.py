"""Which functions write to the database, which of them send tasks, and which only read."""

WRITES = {
    "cancel_order",
    "create_order",
    "erase_customer",
    "process_task",
    "relay_outbox",
    "update_order",
    "update_order_status",
}
SENDS = WRITES - {"erase_customer", "update_order"}
READS = {"get_order", "health", "list_customer_orders", "list_orders", "metrics"}
