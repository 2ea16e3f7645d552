"""What goes over the wire: requests, responses and problem details."""
