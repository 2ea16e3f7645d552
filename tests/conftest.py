import os

import hypothesis
import pytest

# Nothing here is a test of how long something takes.
hypothesis.settings.register_profile("orders", deadline=None)
hypothesis.settings.load_profile("orders")

# What Lambda and the template set for every function. Before anything is imported: Powertools reads it then.
os.environ.update(
    AWS_DEFAULT_REGION="eu-central-1",
    AWS_REGION="eu-central-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_LAMBDA_FUNCTION_NAME="orders-test",
    POWERTOOLS_SERVICE_NAME="orders",
    RELEASE="0123456789ab",
    POWERTOOLS_METRICS_NAMESPACE="Orders",
    **{
        f"{service.upper()}_QUEUE_URL": f"https://sqs.eu-central-1.amazonaws.com/123456789012/orders-{service}"
        for service in ("cart", "inventory", "notification", "payment", "shipping")
    },
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together, in one of several processes, what shares the deployed stack, and what stands in one file."""
    for item in items:
        is_deployed = "stack" in getattr(item, "fixturenames", ())
        item.add_marker(pytest.mark.xdist_group("stack" if is_deployed else item.path.name))
