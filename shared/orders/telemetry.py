"""Logs and metrics: structured, to standard output, from where Lambda carries them to CloudWatch."""

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics()
