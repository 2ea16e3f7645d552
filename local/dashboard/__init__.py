"""The dashboard of infrastructure/monitoring.yaml, drawn from what a local stack has measured."""
