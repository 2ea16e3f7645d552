"""Runs orders through the local stack while services fail and functions are killed, and checks the books afterwards."""
