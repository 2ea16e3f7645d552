"""The calls to AWS itself: SQS, Secrets Manager, credentials."""
