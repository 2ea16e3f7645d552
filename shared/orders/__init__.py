"""The code that the Lambda functions of the order service share."""
