"""The template's parameters on a local stack."""

from collections.abc import Mapping

from local import environment, tokens
from local.errors import LocalError
from local.layout import Layout
from local.template import Json

DATABASE = "orders"
"""Name of the database, and of the role that owns it, which migrations log in as."""

STAND_INS = {
    "InventoryUrl": "inventory",
    "CartUrl": "cart",
    "PaymentUrl": "payment",
    "ShippingUrl": "shipping",
    "NotificationUrl": "notification",
}
"""The parameters that hold a downstream service's URL, and where its stand-in is served."""


def values(layout: Layout) -> dict[str, str]:
    """Returns the template's parameters as they are on a local stack, but for those that MiniStack hands out."""
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
        "JwtAlgorithms": tokens.ALGORITHM,
        "JwtIssuer": "",
        "JwtAudience": "",
        "LogLevel": "INFO",
        # Nothing evaluates alarms here; `make dashboard` draws the dashboard.
        "Monitoring": "false",
        **{parameter: f"{layout.services_url}/{path}" for parameter, path in STAND_INS.items()},
    }


def choose(template: Json, usual: Mapping[str, str], overrides: Mapping[str, str]) -> dict[str, str]:
    """Returns the values for those parameters that the template has.

    Args:
        template: A SAM template.
        usual: What a local stack would set; names that the template does not know are left out.
        overrides: What the caller insists on.

    Raises:
        LocalError: The template has no such parameter to override, or one without a default gets no value.
    """
    declared: Json = template.get("Parameters", {})
    if unknown := sorted(overrides.keys() - declared.keys()):
        raise LocalError(f"template.yaml has no parameter {', '.join(unknown)}; it has {', '.join(sorted(declared))}.")
    chosen = {name: value for name, value in {**usual, **overrides}.items() if name in declared}
    if missing := [name for name in declared if name not in chosen and "Default" not in declared[name]]:
        raise LocalError(
            f"template.yaml wants a value for {', '.join(missing)}: give each a Default, "
            "or teach local/parameters.py what it is on a local stack."
        )
    return chosen
