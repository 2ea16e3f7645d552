import os

import hypothesis

# Nothing here is a test of how long something takes.
hypothesis.settings.register_profile("orders", deadline=None)
hypothesis.settings.load_profile("orders")

# What Lambda and the template set for every function. Before anything is imported: Powertools reads it then.
os.environ.update(
    AWS_DEFAULT_REGION="eu-central-1",
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
