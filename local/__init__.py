"""The whole service on one machine: PostgreSQL, stand-ins for the other services, and an AWS that runs the template."""
