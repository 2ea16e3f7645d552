"""What the tools that send orders to a running stack share."""
