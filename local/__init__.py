"""The whole service on one machine: PostgreSQL, fakes of the downstream services, and an AWS emulator."""
