"""Answer what CloudFormation asks of a custom resource."""

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from orders.aws.client import AwsError
from orders.aws.connections import new_connection, target_of
from orders.telemetry import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_TIMEOUT_SECONDS = 3
_REASON_CHARACTERS = 500
"""The length limit of a reason: an answer has at most 4,096 bytes (AWS docs, Custom resource response objects)."""
_OK = 200


def respond(
    event: Mapping[str, Any], context: "LambdaContext", physical_id: str, run: Callable[[], Mapping[str, str]]
) -> dict[str, Any]:
    """Do what CloudFormation asks, and report the outcome. A failure makes it roll back the deploy.

    Args:
        event: the request.
        context: Lambda's context.
        physical_id: the id of the resource, always the same.
        run: creates or updates the resource and returns its attributes. What it raises is the reason of a failure. A
            deletion does nothing.

    Returns:
        The report.

    Raises:
        AwsError: the report was refused. Lambda then invokes the function again.
        OSError: the report could not be sent.
    """
    report: dict[str, Any] = {
        "Status": "SUCCESS",
        "PhysicalResourceId": physical_id,
        "Data": {},
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    try:
        if event["RequestType"] != "Delete":
            report["Data"] = dict(run())
    except Exception as error:  # noqa: BLE001 - CloudFormation waits an hour unless it gets a report
        logger.exception("deploy step failed", resource=event["LogicalResourceId"])
        reason = f"{type(error).__name__}: {error}"[:_REASON_CHARACTERS]
        report |= {"Status": "FAILED", "Reason": f"{reason} (log: {context.log_stream_name})"}
    _send(event["ResponseURL"], json.dumps(report).encode())
    return report


def _send(url: str, report: bytes) -> None:
    """Send a report to a presigned URL of S3. It has no content type, or S3 would reject the signature."""
    address = urlsplit(url)
    with closing(new_connection(address, _TIMEOUT_SECONDS)) as connection:
        connection.request("PUT", target_of(address), report)
        status = connection.getresponse().status
    if status != _OK:
        raise AwsError(f"CloudFormation's bucket returned {status} for the report")
