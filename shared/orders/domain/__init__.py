"""What an order is and how it moves: no I/O, no environment."""
