"""Keep the orders, and the revenue of each currency, in DynamoDB, from events that come twice and in any order."""

import json
import os
from typing import TYPE_CHECKING, Any

import boto3
import requests
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext

TABLE = os.environ["TABLE_NAME"]
QUEUE_URL = os.environ["QUEUE_URL"]
FEED_URL = f"{os.environ['ORDERS_URL']}/v1/events"
TOKEN_SECRET = os.environ["TOKEN_SECRET_ARN"]
RECEIVES_BEFORE_FEED = 3
"""An event that has been received as often is not just early: one before it was lost, or is older than the rule."""
LONGEST_PAUSE_SECONDS = 900

logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")


class EarlyEvent(Exception):
    """The event came before the one that precedes it, or before the feed has it."""


def handler(event: dict[str, Any], context: "LambdaContext") -> "PartialItemFailureResponse":
    """Apply a batch of events; messages of those that fail return to the queue."""
    return process_partial_response(event, consume, processor, context)


def consume(record: SQSRecord) -> None:
    """Apply the event of a message; if that fails, let the message return after a pause that doubles each time.

    The order's events are read from the feed if one is missing, or if the event was too large for the bus.
    """
    receives = int(record.attributes.approximate_receive_count)
    try:
        event = json.loads(record.body)["detail"]
        if receives < RECEIVES_BEFORE_FEED and event["items"] is not None:
            apply(event)
        else:
            apply_from_feed(event["order_id"], event["sequence"])
    except Exception as error:
        logger.warning("event not applied", extra={"receives": receives, "error": type(error).__name__})
        pause = min(2**receives, LONGEST_PAUSE_SECONDS)
        sqs.change_message_visibility(QueueUrl=QUEUE_URL, ReceiptHandle=record.receipt_handle, VisibilityTimeout=pause)
        raise


def apply_from_feed(order_id: str, sequence: int) -> None:
    """Apply the events of an order from its first to the one with a sequence, as the feed has them.

    Raises:
        EarlyEvent: The feed does not have that event yet.
        requests.RequestException: The feed does not answer, or refuses.
    """
    headers = {"Authorization": f"Bearer {parameters.get_secret(TOKEN_SECRET, max_age=300)}"}
    cursor, latest = "0", 0
    while latest < sequence:
        answer = requests.get(FEED_URL, {"order_id": order_id, "after": cursor}, headers=headers, timeout=5)
        answer.raise_for_status()
        page = answer.json()
        if not page["events"]:
            raise EarlyEvent
        for event in page["events"]:
            apply(event)
            latest = event["sequence"]
        cursor = page["next_cursor"]


def apply(event: dict[str, Any]) -> None:
    """Apply an event and store its sequence, in one transaction; do nothing if it was applied before.

    Raises:
        EarlyEvent: The event before it has not been applied.
    """
    writes: list[Any] = [save_order(event), *count_revenue(event)]
    try:
        dynamodb.transact_write_items(TransactItems=writes)
    except dynamodb.exceptions.TransactionCanceledException as error:
        reason: Any = error.response["CancellationReasons"][0]
        if reason["Code"] != "ConditionalCheckFailed":
            raise
        version = int(reason["Item"]["version"]["N"]) if "Item" in reason else 0
        if version < event["sequence"]:
            raise EarlyEvent from error


def save_order(event: dict[str, Any]) -> dict[str, Any]:
    """Return the write that stores an order if the stored one has the version before it."""
    put: dict[str, Any] = {
        "TableName": TABLE,
        "Item": {
            "id": {"S": f"order#{event['order_id']}"},
            "version": {"N": str(event["sequence"])},
            "status": {"S": event["status"]},
            "payment_status": {"S": event["payment_status"]},
            "shipping_status": {"S": event["shipping_status"]},
            "currency": {"S": event["currency"]},
            "total": {"N": event["total"]},
            "lines": {"S": json.dumps([[line["product_id"], line["quantity"]] for line in event["items"]])},
        },
        "ConditionExpression": "attribute_not_exists(id)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if event["sequence"] > 1:
        put["ConditionExpression"] = "version = :before"
        put["ExpressionAttributeValues"] = {":before": {"N": str(event["sequence"] - 1)}}
    return {"Put": put}


def count_revenue(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the write that adds an order's total to the revenue of its currency, if the event is its payment."""
    if event["type"] != "payment.succeeded" or event["payment_status"] != "paid":
        return []
    update = {
        "TableName": TABLE,
        "Key": {"id": {"S": f"revenue#{event['currency']}"}},
        "UpdateExpression": "ADD amount :total",
        "ExpressionAttributeValues": {":total": {"N": event["total"]}},
    }
    return [{"Update": update}]
