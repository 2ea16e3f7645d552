"""Create and update the CloudFormation stack, and explain failures."""

import itertools
import json
import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local import template as sam
from local.errors import LocalError
from local.template import Json

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef

STACK = "orders"
CAPABILITIES: "list[CapabilityType]" = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]
TIMEOUT_SECONDS = 600.0
POLL_SECONDS = 0.1
UNRECOGNIZED = "Unrecognized resource types"


class FailedDeploymentError(LocalError):
    """The stack could not be created or updated.

    Attributes:
        functions: Physical ids of the functions behind the resources that failed.
    """

    def __init__(self, message: str, functions: list[str]) -> None:
        super().__init__(message)
        self.functions = functions


def deploy(client: "CloudFormationClient", template_url: str, template: Json, parameters: dict[str, str]) -> bool:
    """Create or update the stack and wait until that ends.

    Args:
        client: A client for CloudFormation.
        template_url: The URL of the template in S3.
        template: The same template, to name resources in errors.
        parameters: Values of its parameters.

    Returns:
        Whether there was anything to change.

    Raises:
        FailedDeploymentError: A resource failed. A failed update is rolled back; a failed creation is kept.
        LocalError: The template was rejected.
    """
    values: list[ParameterTypeDef] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
    ]
    begun = _latest_event(client)
    try:
        if begun:
            client.update_stack(StackName=STACK, TemplateURL=template_url, Parameters=values, Capabilities=CAPABILITIES)
        else:
            client.create_stack(
                StackName=STACK,
                TemplateURL=template_url,
                Parameters=values,
                Capabilities=CAPABILITIES,
                DisableRollback=True,
            )
    except ClientError as error:
        message = error.response["Error"].get("Message", str(error))
        if "No updates are to be performed" in message:
            return False
        raise LocalError(_explain_rejection(message, template)) from error
    if (status := _wait(client)) not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        raise _failure(client, status, template, begun)
    return True


def physical_ids(client: "CloudFormationClient") -> dict[str, str]:
    """Return the physical ids of the stack's resources by their logical ids."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=STACK)
    return {
        resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "")
        for page in pages
        for resource in page["StackResourceSummaries"]
    }


def _latest_event(client: "CloudFormationClient") -> str | None:
    """Return the id of the stack's latest event; None if there is no stack."""
    try:
        return client.describe_stack_events(StackName=STACK)["StackEvents"][0]["EventId"]
    except ClientError:
        return None


def _wait(client: "CloudFormationClient") -> str:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (status := client.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"]).endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise LocalError(
                f"The stack has been in {status} for {TIMEOUT_SECONDS:.0f} s; run `make down` and start again."
            )
        time.sleep(POLL_SECONDS)
    return status


def _failure(client: "CloudFormationClient", status: str, template: Json, begun: str | None) -> FailedDeploymentError:
    pages = client.get_paginator("describe_stack_events").paginate(StackName=STACK)
    events = (event for page in pages for event in page["StackEvents"])
    recent = list(itertools.takewhile(lambda event: event["EventId"] != begun, events))
    failed = [event for event in recent if event.get("ResourceStatus", "").endswith("_FAILED")]
    # Name the resources that failed; name the stack only if no resource did.
    failed = [event for event in failed if event.get("LogicalResourceId") != STACK] or failed
    reasons = [
        f"  {event.get('LogicalResourceId')} ({event.get('ResourceType')}): {event.get('ResourceStatusReason')}"
        for event in reversed(failed)
    ]
    physical = physical_ids(client)
    functions = [
        physical[name]
        for event in failed
        if (name := _function_behind(template, event.get("LogicalResourceId", ""))) in physical
    ]
    return FailedDeploymentError("\n".join([f"The deployment ended in {status}:", *reasons]), functions)


def _function_behind(template: Json, logical_id: str) -> str:
    """Return the function whose log explains a failed resource: itself, or the function of a custom resource."""
    resource = template["Resources"].get(logical_id, {})
    match resource.get("Properties", {}).get("ServiceToken"):
        case {"Fn::GetAtt": [str(function), "Arn"]}:
            return function
        case _:
            return logical_id if resource.get("Type") == "AWS::Lambda::Function" else ""


def _explain_rejection(message: str, template: Json) -> str:
    """Name the resources whose types MiniStack does not support; it ignores those under a false Condition."""
    if UNRECOGNIZED not in message:
        return f"The template was rejected: {json.dumps(message)}"
    refused = [
        f"  {name} ({kind})"
        for kind in message.split("[", 1)[1].rstrip("]").split(", ")
        for name in sam.resources(template, kind)
    ]
    advice = "Put them under a Condition that is false on a local stack, such as an empty DatabaseHost."
    return "\n".join(["MiniStack does not support the types of these resources:", *refused, advice])
