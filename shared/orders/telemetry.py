"""Logs and metrics: structured, to standard output, from where Lambda carries them to CloudWatch."""

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
metrics = Metrics()


def write_metrics() -> None:
    """Write out the metrics of this invocation, if it has any."""
    if metrics.metric_set:
        metrics.flush_metrics()
