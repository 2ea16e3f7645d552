"""The list of orders: its query, and the index ranges that it reads."""
