"""The consumer's template: what it promises about delivery, encryption and permissions."""

import re

import pytest

from tests.examples.stack import FOLDER, RESOURCES
from tests.infrastructure.templates import texts

FUNCTION = RESOURCES["ConsumeEventsFunction"]["Properties"]
QUEUE, DEAD_LETTERS = (RESOURCES[name]["Properties"] for name in ("EventQueue", "DeadLetters"))
BACKOFF = sum(min(2**receive, 900) for receive in range(1, QUEUE["RedrivePolicy"]["maxReceiveCount"]))


def test_given_the_rule_when_events_arrive_then_all_of_the_stack_are_sent() -> None:
    """A filter by detail-type would leave gaps in the sequence of an order's events."""
    rule = RESOURCES["OrderEvents"]["Properties"]
    assert rule["EventPattern"] == {"source": [{"Ref": "OrdersStack"}]}
    [target] = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["EventQueue", "Arn"]}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}


def test_given_the_queue_when_read_then_failed_messages_return_alone() -> None:
    source = FUNCTION["Events"]["Queue"]["Properties"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert QUEUE["VisibilityTimeout"] >= 6 * FUNCTION["Timeout"]
    assert QUEUE["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetters", "Arn"]}
    # An early event is retried for longer than a short outage, and much shorter than the queue keeps it.
    assert 15 * 60 < BACKOFF < QUEUE["MessageRetentionPeriod"] / 100


def test_given_dead_letters_when_there_are_any_then_somebody_is_told() -> None:
    alarm = RESOURCES["DeadLettersAlarm"]["Properties"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetters", "QueueName"]}}]
    assert (alarm["Threshold"], alarm["AlarmActions"]) == (0, [{"Ref": "AlarmTopicArn"}])
    assert "Dead letters" in alarm["AlarmDescription"]
    assert "\n## Dead letters\n" in (FOLDER / "README.md").read_text()


@pytest.mark.parametrize("name", ["EventQueue", "DeadLetters"])
def test_given_a_queue_when_used_then_it_is_encrypted_and_only_the_rule_sends(name: str) -> None:
    assert RESOURCES[name]["Properties"]["SqsManagedSseEnabled"] is True
    policy = RESOURCES["QueuePolicy"]["Properties"]
    assert {"Ref": name} in policy["Queues"]
    allowed, denied = policy["PolicyDocument"]["Statement"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["OrderEvents", "Arn"]}}}
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_given_the_table_when_created_then_it_is_encrypted_and_can_be_restored() -> None:
    table = RESOURCES["Table"]["Properties"]
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert RESOURCES["Table"]["DeletionPolicy"] == RESOURCES["Table"]["UpdateReplacePolicy"] == "Retain"


def test_given_the_function_when_it_runs_then_it_may_and_has_what_it_uses() -> None:
    code = (FOLDER / "functions" / "consume_events" / "app.py").read_text()
    environment = set(FUNCTION["Environment"]["Variables"]) - {"POWERTOOLS_SERVICE_NAME"}
    assert set(re.findall(r"os\.environ\[[\"'](\w+)[\"']\]", code)) == environment
    allowed = set(texts(RESOURCES["ConsumeEventsRole"]["Properties"]["Policies"]))
    # Transactions have no permission of their own.
    assert {each for each in allowed if re.match("(dynamodb|secretsmanager):", each)} == {
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "secretsmanager:GetSecretValue",
    }
