"""The dashboard of infrastructure/dashboard.yaml, drawn from what a local stack has logged."""
