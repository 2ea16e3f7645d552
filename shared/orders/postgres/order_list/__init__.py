"""The list of orders: its SQL, and the index ranges that it reads."""
