"""Orders: what the Lambda functions of the order service share."""
