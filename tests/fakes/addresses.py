"""An address that every service takes."""

ADDRESS = {
    "name": "Alice Johnson",
    "company": "Johnson Ltd",
    "line1": "27 Elm Street",
    "line2": "Floor 2",
    "city": "Madison",
    "region": "WI",
    "postal_code": "53703",
    "country": "US",
    "phone": "+1 608 555 0123",
}
SHORTEST = {"line1": "Rua Augusta 1", "city": "Lisboa", "country": "PT"}
"""An address with only the parts that it must have."""
