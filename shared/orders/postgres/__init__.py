"""All SQL, and the connection that runs it."""
