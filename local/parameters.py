"""The template's parameters on a local stack."""

from collections.abc import Mapping

from local import environment, event_bus, tokens
from local.errors import LocalError
from local.layout import Layout
from local.template import Json

DATABASE = "orders"
"""The name of the database, and of the role that owns it and runs migrations."""

FAKES = {
    "InventoryUrl": "inventory",
    "CartUrl": "cart",
    "PaymentUrl": "payment",
    "ShippingUrl": "shipping",
    "NotificationUrl": "notification",
}
"""The parameters with the URLs of downstream services, and the paths of their fakes."""


def values(layout: Layout) -> dict[str, str]:
    """Return the values of the template's parameters on a local stack, except those that MiniStack generates."""
    return {
        "Stage": "dev",
        "Architecture": environment.architecture(),
        "CreateDatabase": "false",
        "DatabaseHost": "127.0.0.1",
        "DatabasePort": str(layout.database_port),
        "DatabaseName": DATABASE,
        "DatabaseOwner": DATABASE,
        "DatabaseAuth": "none",
        "InventoryApi": "reservations",
        "EventBusName": event_bus.BUS,
        "JwtAlgorithms": tokens.ALGORITHM,
        "JwtIssuer": "",
        "JwtAudience": "",
        "LogLevel": "INFO",
        # MiniStack does not evaluate alarms; `make dashboard` draws the dashboard.
        "Monitoring": "false",
        **{parameter: f"{layout.services_url}/{path}" for parameter, path in FAKES.items()},
    }


def choose(template: Json, defaults: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the parameters that the template has.

    Args:
        template: A SAM template.
        defaults: The values on a local stack; names that are not in the template are ignored.
        overrides: Values that replace the defaults.

    Raises:
        LocalError: An override is not in the template, or a parameter has no value.
    """
    declared: Json = template.get("Parameters", {})
    if unknown := sorted(overrides.keys() - declared.keys()):
        raise LocalError(
            f"template.yaml has no parameter {', '.join(unknown)}; its parameters are {', '.join(sorted(declared))}."
        )
    chosen = {name: value for name, value in {**defaults, **overrides}.items() if name in declared}
    if missing := [name for name in declared if name not in chosen and "Default" not in declared[name]]:
        raise LocalError(
            f"template.yaml requires a value for {', '.join(missing)}; give each a Default, "
            "or add its value on a local stack to local/parameters.py."
        )
    return chosen
