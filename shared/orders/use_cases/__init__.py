"""One module for each thing that the service does."""
