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
SENDS_EVENTS_ONLY = {"erase_customer", "update_order"}
"""Functions whose only tasks put events on the bus: without a bus they send none."""
SENDS = WRITES - SENDS_EVENTS_ONLY
READS = {"get_order", "health", "list_customer_orders", "list_events", "list_orders", "metrics"}
